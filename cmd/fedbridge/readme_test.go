package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
	"github.com/fedbridge/fedbridge/config"
	"github.com/fedbridge/fedbridge/handlers"
)

var update = flag.Bool("update", false, "write the generated parts of README anew")

const (
	repository = "../.."
	readmePath = repository + "/README.md"
	picture    = ".github/picker.png" // a test run makes it
)

func readFile(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// block is a fenced block of README. The comment above it says what it is, so that no block goes untested:
//
//	<!-- sh: NAME account=ID -->   commands, run by TestReadmeCommands or TestReadmeIAM
//	<!-- out: NAME -->             what those commands print
//	<!-- file: NAME -->            a configuration, or a part of one
//	<!-- audit: KIND -->           an audit event
type block struct {
	kind, name, account string
	text                string
	from, to            int // the text's place in README
}

var fence = regexp.MustCompile("(?ms)^(?:<!-- (\\w+): ([\\w-]+)(?: account=(\\d+))? -->\n)?```(\\w+)\n(.*?)^```$")

func readmeBlocks(t testing.TB, readme string) []block {
	t.Helper()
	var all []block
	for _, at := range fence.FindAllStringSubmatchIndex(readme, -1) {
		part := func(n int) string {
			if at[2*n] < 0 {
				return ""
			}
			return readme[at[2*n]:at[2*n+1]]
		}
		b := block{kind: part(1), name: part(2), account: part(3), text: part(5), from: at[10], to: at[11]}
		switch language := part(4); {
		case language == "mermaid" && b.kind == "":
		case b.kind == "" && strings.Contains(between(t, readme, "example"), b.text):
		case b.kind == "sh" && language == "sh", b.kind == "out" && language == "text", b.kind == "file" && language == "yaml",
			b.kind == "audit" && language == "json":
		default:
			t.Errorf("a block of %s, marked %q, that no test knows:\n%s", language, b.kind, b.text)
		}
		all = append(all, b)
	}
	return all
}

func readmeBlock(t testing.TB, kind, name string) block {
	t.Helper()
	for _, b := range readmeBlocks(t, readFile(t, readmePath)) {
		if b.kind == kind && b.name == name {
			return b
		}
	}
	t.Fatalf("README has no block %q %q", kind, name)
	return block{}
}

func markers(name string) (begin, end string) {
	return "<!-- " + name + ":begin -->\n", "<!-- " + name + ":end -->"
}

func between(t testing.TB, readme, name string) string {
	t.Helper()
	begin, end := markers(name)
	_, rest, ok := strings.Cut(readme, begin)
	part, _, closed := strings.Cut(rest, end)
	if !ok || !closed || strings.Count(readme, begin) != 1 {
		t.Fatalf("README lacks %s … %s, or has it twice", begin, end)
	}
	return part
}

// keep compares a part of README with what it must be, and writes it with -update.
func keep(t testing.TB, from, to int, want string) {
	t.Helper()
	readme := readFile(t, readmePath)
	if readme[from:to] == want {
		return
	}
	if !*update {
		t.Errorf("README is stale; `go test ./cmd/fedbridge -run TestReadme -update` writes it anew. -have +want:\n%s",
			cmp.Diff(readme[from:to], want))
		return
	}
	if err := os.WriteFile(readmePath, []byte(readme[:from]+want+readme[to:]), 0o644); err != nil {
		t.Fatal(err)
	}
}

func keepBetween(t testing.TB, name, want string) {
	t.Helper()
	readme := readFile(t, readmePath)
	begin, _ := markers(name)
	from := strings.Index(readme, begin) + len(begin)
	keep(t, from, from+len(between(t, readme, name)), want)
}

// TestReadmeParts: what README says of the configuration and of the error codes is made of what the program knows.
func TestReadmeParts(t *testing.T) {
	keepBetween(t, "example", "```yaml\n"+readFile(t, repository+"/fedbridge.example.yaml")+"```\n")
	keepBetween(t, "config", config.Reference())
	keepBetween(t, "codes", codeTable(t))
	keepBetween(t, "findings", findingTable())
}

func findingTable() string {
	var b strings.Builder
	b.WriteString("| code | usually | means | what helps |\n| --- | --- | --- | --- |\n")
	for _, d := range trust.Codes() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.Code, d.Severity, d.Meaning, d.Remedy)
	}
	return b.String()
}

func codeTable(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| code | HTTP | what people read | what helps |\n| --- | --- | --- | --- |\n")
	for _, code := range bridge.Codes() {
		notice, ok := bridge.NoticeOf(code)
		if !ok {
			t.Fatalf("code %s has no notice", code)
		}
		fmt.Fprintf(&b, "| `%s` | %d | %s | %s |\n", code, handlers.Status(code), notice.Message, notice.Remedy)
	}
	return b.String()
}

// TestReadmeBlocks: every block is of a kind that is tested, and every command line can be pasted. An interactive zsh knows
// no comments, and reads $NAME:s as something else than ${NAME}:s.
func TestReadmeBlocks(t *testing.T) {
	seen := map[string]bool{}
	for _, b := range readmeBlocks(t, readFile(t, readmePath)) {
		if b.kind == "" {
			continue
		}
		if id := b.kind + " " + b.name; seen[id] {
			t.Errorf("two blocks are marked %q", id)
		} else {
			seen[id] = true
		}
		if b.kind != "sh" {
			continue
		}
		if strings.Contains(b.text, " #") || strings.HasPrefix(b.text, "#") {
			t.Errorf("%s: a comment among commands:\n%s", b.name, b.text)
		}
		if bare := regexp.MustCompile(`\$[A-Za-z_]\w*`).FindString(b.text); bare != "" {
			t.Errorf("%s: write ${…} for %s", b.name, bare)
		}
		if !slices.Contains(walked, b.name) && !slices.Contains(iamBlocks, b.name) && !slices.Contains(minutesBlocks, b.name) {
			t.Errorf("%s: no test runs it", b.name)
		}
	}
}

var (
	mdLink   = regexp.MustCompile(`!?\[[^\]]*\]\(([^)\s]+)\)`)
	mdTitle  = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
	notSlug  = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
	codeSpan = regexp.MustCompile("`[^`\n]*`")
)

// anchors are the headings as GitHub names them; the second of a name gets -1.
func anchors(readme string) map[string]bool {
	found := map[string]bool{}
	for _, title := range mdTitle.FindAllStringSubmatch(fence.ReplaceAllString(readme, ""), -1) {
		slug := strings.ReplaceAll(notSlug.ReplaceAllString(strings.ToLower(title[1]), ""), " ", "-")
		name := slug
		for n := 1; found[name]; n++ {
			name = fmt.Sprintf("%s-%d", slug, n)
		}
		found[name] = true
	}
	return found
}

// TestReadmeLinks: every anchor is a heading, every path is there.
func TestReadmeLinks(t *testing.T) {
	readme := readFile(t, readmePath)
	known := anchors(readme)
	for _, link := range mdLink.FindAllStringSubmatch(codeSpan.ReplaceAllString(fence.ReplaceAllString(readme, ""), ""), -1) {
		target := link[1]
		switch name, isAnchor := strings.CutPrefix(target, "#"); {
		case strings.HasPrefix(target, "https://"):
		case isAnchor && !known[name]:
			t.Errorf("%s: there is no such heading", target)
		case isAnchor:
		default:
			if _, err := os.Stat(filepath.Join(repository, target)); err != nil && target != picture {
				t.Errorf("%s: %v", target, err)
			}
		}
	}
}

// TestReadmeAuditLine: the example has exactly the fields that such an event has in truth (TestReadmeIAM compares them
// with one), and reads as an event.
func TestReadmeAuditLine(t *testing.T) {
	decoder := json.NewDecoder(strings.NewReader(readmeBlock(t, "audit", "outcome").text))
	decoder.DisallowUnknownFields()
	var event bridge.AuditEvent
	if err := decoder.Decode(&event); err != nil {
		t.Fatal(err)
	}
	if event.Kind != bridge.AuditOutcome || !event.Allowed {
		t.Errorf("an event of kind %q", event.Kind)
	}
}
