package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/fedbridge/fedbridge/config"
)

// isTerminal tells whether somebody sits at the other end.
func isTerminal(stdin io.Reader) bool {
	f, ok := stdin.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	nobody, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, nobody)
}

// asker asks on a terminal, a line at a time. What is asked goes to standard error, so that standard output stays clean.
type asker struct {
	ctx   context.Context
	lines <-chan string
	out   io.Writer
}

// newAsker reads ahead, so that Ctrl-C is heard while it waits for a line.
func newAsker(ctx context.Context, stdin io.Reader, out io.Writer) *asker {
	lines := make(chan string)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(stdin)
		for scanner.Scan() {
			select {
			case lines <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return &asker{ctx, lines, out}
}

var errStopped = errors.New("stopped; nothing was written")

func (a *asker) line(prompt string) (string, error) {
	fmt.Fprint(a.out, prompt)
	select {
	case <-a.ctx.Done():
	case text, more := <-a.lines:
		if more {
			return strings.TrimSpace(text), nil
		}
	}
	fmt.Fprintln(a.out)
	if a.ctx.Err() != nil {
		return "", errStopped
	}
	return "", io.EOF
}

// fill asks for all that flags left out. In the middle it says how to make the app at the provider, which then knows the
// rest.
func (a *asker) fill(f *initFlags) error {
	fmt.Fprintf(a.out, "A few questions, and fedbridge writes %s. Enter takes what stands in [brackets]. Ctrl-C stops, and writes nothing.\n", printable(f.out))
	for asked := map[string]bool{}; ; {
		next, found := question{}, false
		for _, q := range f.questions() {
			if !f.answered(q) && !asked[q.flag] && q.words != "" {
				next, found = q, true
				break
			}
		}
		if !found {
			return nil
		}
		if next.after && !f.told {
			f.told = true
			if err := a.tell(f); err != nil {
				return err
			}
		}
		asked[next.flag] = true
		if err := a.ask(f, next); errors.Is(err, io.EOF) {
			return usagef("the input ended before --%s was answered; nothing was written", next.flag)
		} else if err != nil {
			return err
		}
	}
}

func (a *asker) tell(f *initFlags) error {
	guide, err := f.complete().guide()
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "\n%s\n", guide)
	_, err = a.line("When that is done, press Enter. ")
	return err
}

// ask asks until the answer can be used.
func (a *asker) ask(f *initFlags, q question) error {
	fmt.Fprintf(a.out, "\n%s\n", q.hint)
	prompt := "  " + q.words
	if q.preset != "" {
		prompt += " [" + q.preset + "]"
	}
	for {
		text, err := a.line(prompt + ": ")
		if err != nil {
			return err
		}
		if text == "" {
			text = q.preset
		}
		fault := f.take(q, text)
		if fault == "" {
			return nil
		}
		fmt.Fprintln(a.out, "  "+strings.ReplaceAll(fault, "\n", "\n  "))
	}
}

var beginsWithID = regexp.MustCompile(`^[0-9-]{9,}\s*(,|;|$)`)

// take takes an answer, or tells what is wrong with it.
func (f *initFlags) take(q question, text string) string {
	if text == "" {
		return "This one is needed."
	}
	if fault := wordFault(text); fault != "" {
		return short(text) + ": " + fault
	}
	before := *f
	switch {
	case q.flag == "accounts":
		return f.takeAccounts(text)
	case q.flag == "idp":
		found, ok := findInitIdP(text)
		if !ok {
			return short(text) + ": write one of " + strings.Join(initIdPIDs(), ", ")
		}
		if f.Kind != "" && !found.hasKind(f.Kind) {
			return "--kind " + f.Kind + ": with " + found.ID + " it would be " + strings.Join(found.Kinds, " or ")
		}
		f.idp, f.IdP = found.ID, found
		return ""
	case q.flag == "kind":
		text = strings.ToLower(text)
		if !f.IdP.hasKind(text) {
			return short(text) + ": write " + strings.Join(f.IdP.Kinds, " or ")
		}
		f.Kind = text
		return ""
	case q.flag == "tenant" && tenantFault(text) != "":
		return short(text) + ": " + tenantFault(text)
	case q.flag == "issuer" && f.IdP.issuerFault(text) != "":
		return short(text) + ": " + f.IdP.issuerFault(text)
	case q.flag == "role":
		name, fault := roleOfARN(text)
		if fault != "" {
			return short(text) + ": " + fault
		}
		*q.list = []string{name}
	case q.list != nil:
		*q.list = []string{text}
	default:
		*q.value = text
	}
	found, err := f.standIn().faults()
	if err != nil {
		found = map[string]string{q.flag: err.Error()}
	}
	if fault := found[q.flag]; fault != "" {
		*f = before
		return fault
	}
	return ""
}

func (f *initFlags) takeAccounts(text string) string {
	if beginsWithID.MatchString(text) {
		if err := f.readAccounts("this account", []byte(text)); err != nil {
			return err.Error()
		}
		return ""
	}
	list, err := openAccounts(text, strings.NewReader(""))
	if err == nil {
		err = f.readAccounts(text, list)
	}
	var faults []string
	for _, fault := range parts(err) {
		faults = append(faults, printable(fault.Error()))
	}
	return strings.Join(faults, "\n")
}

// standIn is a plan with an answer to everything, so that what there is can be checked.
func (f *initFlags) standIn() initPlan {
	p := f.initPlan
	for _, missing := range []struct {
		value *string
		with  string
	}{
		{&p.URL, "https://bridge.example.com"}, {&p.Metadata, "https://example.com/metadata"}, {&p.ClientID, "client"},
		{&p.Tenant, "00000000-0000-0000-0000-000000000000"},
	} {
		if *missing.value == "" {
			*missing.value = missing.with
		}
	}
	if p.IdP.ID == "" {
		p.IdP, _ = findInitIdP("oidc")
	}
	if p.Issuer == "" && p.IdP.Issuer == "" {
		p.Issuer = "https://example.com"
	}
	if len(p.Accounts) == 0 {
		p.Accounts = []config.Account{{ID: "111122223333", Name: "account", Partition: p.Partition}}
	}
	if len(p.Roles) == 0 {
		p.Roles = []string{"ReadOnly"}
	}
	p = p.complete()
	for list, with := range map[*[]string]string{&p.HostedDomains: "example.com", &p.Groups: "group", &p.Emails: "ann@example.com"} {
		if len(*list) == 0 {
			*list = []string{with}
		}
	}
	return p
}
