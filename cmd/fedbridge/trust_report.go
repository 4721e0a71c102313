package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

// report is what trust check prints.
type report struct {
	Roles   []examined `json:"roles"`
	Ignored []string   `json:"ignored,omitempty"` // files that are not used, and why
	Summary tally      `json:"summary"`
}

func (r report) writeJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// paint colours text; the zero paint doesn't.
type paint struct{ on bool }

const (
	bold   = "1"
	red    = "31"
	green  = "32"
	yellow = "33"
	dim    = "2"
)

func (p paint) it(code, text string) string {
	if !p.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// paintFor colours on a terminal only (no-color.org).
func paintFor(w io.Writer) paint {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return paint{}
	}
	info, err := f.Stat()
	return paint{err == nil && info.Mode()&os.ModeCharDevice != 0}
}

var severityPaint = map[trust.Severity]string{trust.SeverityError: red, trust.SeverityWarning: yellow, trust.SeverityNote: dim}

var livePaint = map[liveResult]string{liveTaken: green, liveRefused: red, liveUnknown: yellow, liveRelay: dim}

// writeText prints for people: each way into each role, what is wrong with it, and how to mend it.
func (r report) writeText(w io.Writer) error {
	p := paintFor(w)
	width := len("refused")
	for _, e := range r.Roles {
		for _, f := range e.Findings {
			width = max(width, len(f.Code))
		}
	}
	var b strings.Builder
	for i, e := range r.Roles {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s  %s\n", p.it(bold, printable(e.Role)), p.it(dim, "via "+string(e.Via)+", "+e.ARN))
		shown := map[string]bool{} // fixes: one often mends several findings
		for _, f := range e.Findings {
			writeFinding(&b, p, f, width, shown)
		}
		if e.Read != nil && len(e.Findings) == 0 {
			fmt.Fprintf(&b, "  %s\n", p.it(green, "ok       nothing to mend"))
		}
		if e.Live != nil {
			writeLive(&b, p, e.Live, width)
		}
	}
	for i, line := range r.Ignored {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "not used: %s\n", printable(line))
	}
	fmt.Fprintf(&b, "\n%s\n", r.Summary.sentence())
	_, err := io.WriteString(w, b.String())
	return err
}

const indent = "           " // below the text of a finding's first line

func writeFinding(b *strings.Builder, p paint, f trust.Finding, width int, shown map[string]bool) {
	fmt.Fprintf(b, "  %s  %s  %s\n", p.it(severityPaint[f.Severity], pad(string(f.Severity), 7)),
		p.it(bold, pad(string(f.Code), width)), printable(f.Summary))
	writeLines(b, indent, f.Detail)
	fix := f.Fix + strings.Join(f.Commands, "\n")
	if shown[fix] && fix != "" {
		writeLines(b, indent, "mended by the same change as above")
		return
	}
	shown[fix] = true
	for _, line := range lines(f.Fix) {
		b.WriteString(indent + p.it(diffPaint(line), printable(line)) + "\n")
	}
	for _, line := range f.Commands {
		writeLines(b, indent+"$ ", line)
	}
}

func writeLive(b *strings.Builder, p paint, l *live, width int) {
	text := l.Message
	if l.Result == liveTaken {
		text = "STS gives it, as " + l.As
	}
	fmt.Fprintf(b, "  %s  %s  %s\n", pad("live", 7), p.it(livePaint[l.Result], pad(string(l.Result), width)), printable(text))
	if l.Said != "" {
		writeLines(b, indent, "said: "+l.Said)
	}
	if l.Bare {
		writeLines(b, indent, "STS gives it without tags and source identity: the trust policy lacks sts:TagSession or sts:SetSourceIdentity,")
		writeLines(b, indent, "or looks at values, which were made up here.")
	}
	// What STS refuses, the findings explain; the catalogue's remedy for that is to run this command.
	if l.Remedy != "" && l.Code != bridge.CodeSTSRefused {
		writeLines(b, indent, l.Remedy)
	}
}

func writeLines(b *strings.Builder, before, text string) {
	for _, line := range lines(text) {
		b.WriteString(before + printable(line) + "\n")
	}
}

func lines(text string) []string {
	if text = strings.TrimRight(text, "\n"); text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func diffPaint(line string) string {
	switch {
	case strings.HasPrefix(line, "+++ "), strings.HasPrefix(line, "--- "): // names of the files
	case strings.HasPrefix(line, "+"):
		return green
	case strings.HasPrefix(line, "-"):
		return red
	}
	return dim
}

func pad(s string, width int) string { return fmt.Sprintf("%-*s", width, s) }

// sentence is the last line.
func (t tally) sentence() string {
	parts := []string{count(t.Roles, "role")}
	some := func(n int, what string) {
		if n > 0 {
			parts = append(parts, count(n, what))
		}
	}
	some(t.Errors, "error")
	some(t.Warnings, "warning")
	some(t.Notes, "note")
	if t.Errors+t.Warnings+t.Notes == 0 {
		parts = append(parts, "no findings")
	}
	if t.Unread > 0 {
		parts = append(parts, fmt.Sprintf("%d not read in full", t.Unread))
	}
	for _, l := range []struct {
		n    int
		what string
	}{{t.Taken, "taken by STS"}, {t.Refused, "refused by STS"}, {t.Unasked, "that STS could not be asked about"}} {
		if l.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", l.n, l.what))
		}
	}
	return parts[0] + ": " + strings.Join(slices.Clone(parts[1:]), ", ")
}
