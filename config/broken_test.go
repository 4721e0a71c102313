package config_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/config"
)

var update = flag.Bool("update", false, "write what is reported now into testdata/broken")

// TestBroken breaks testdata/base.yaml in many ways. Each section of testdata/broken is one way: lines with - are
// replaced by those with +, and lines with = are all that is reported, in this order.
func TestBroken(t *testing.T) {
	base := readFile(t, "testdata", "base.yaml")
	if _, problems := config.Parse("fedbridge.yaml", []byte(base)); len(problems) > 0 {
		t.Fatalf("the base itself: %v", problems)
	}
	files, err := filepath.Glob(filepath.Join("testdata", "broken", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	count := 0
	for _, file := range files {
		cases := readCases(t, file)
		for i := range cases {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txt")+"/"+cases[i].name, func(t *testing.T) { cases[i].run(t, base) })
		}
		count += len(cases)
		if *update {
			writeCases(t, file, cases)
		}
	}
	if count < 100 {
		t.Errorf("only %d cases", count)
	}
}

// brokenCase is one section of a file in testdata/broken.
type brokenCase struct {
	comment string // before the section
	name    string
	edits   []edit
	want    []string
}

// codePoint is how the cases write what nobody would see in them.
var codePoint = regexp.MustCompile(`<U\+[0-9A-F]{4}>`)

// edit replaces lines that stand exactly once in the base.
type edit struct{ old, new []string }

// text is the base, broken.
func (c *brokenCase) text(t *testing.T, base string) string {
	t.Helper()
	text := base
	for _, e := range c.edits {
		old := strings.Join(e.old, "\n") + "\n"
		if n := strings.Count("\n"+text, "\n"+old); n != 1 {
			t.Fatalf("%q stands %d times in the base", old, n)
		}
		text = strings.TrimPrefix(strings.Replace("\n"+text, "\n"+old, "\n"+strings.Join(e.new, "\n")+"\n", 1), "\n")
	}
	text = codePoint.ReplaceAllStringFunc(text, func(s string) string {
		n, err := strconv.ParseInt(s[3:len(s)-1], 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		return string(rune(n))
	})
	return text
}

func (c *brokenCase) run(t *testing.T, base string) {
	file, problems := config.Parse("fedbridge.yaml", []byte(c.text(t, base)))
	if file != nil || len(problems) == 0 {
		t.Fatal("accepted")
	}
	var have []string
	for _, p := range problems {
		have = append(have, p.String())
	}
	if *update {
		c.want = have
	}
	if want := strings.Join(c.want, "\n"); strings.Join(have, "\n") != want {
		t.Errorf("reported:\n%s\nwanted:\n%s", strings.Join(have, "\n"), want)
	}
	if strings.Contains(strings.Join(have, "\n"), "hunter2") {
		t.Error("a secret is repeated")
	}
}

func readCases(t testing.TB, file string) []brokenCase {
	t.Helper()
	var cases []brokenCase
	var comment string
	for line := range strings.Lines(readFile(t, file)) {
		line = strings.TrimSuffix(line, "\n")
		if name, ok := strings.CutPrefix(line, "-- "); ok && strings.HasSuffix(name, " --") {
			cases = append(cases, brokenCase{comment: comment, name: strings.TrimSuffix(name, " --")})
			comment = ""
			continue
		}
		if line == "" || line[0] == '#' {
			comment += line + "\n"
			continue
		}
		c := &cases[len(cases)-1]
		last := len(c.edits) - 1
		switch line[0] {
		case '-':
			if last < 0 || len(c.edits[last].new) > 0 {
				c.edits = append(c.edits, edit{})
				last++
			}
			c.edits[last].old = append(c.edits[last].old, line[1:])
		case '+':
			c.edits[last].new = append(c.edits[last].new, line[1:])
		case '=':
			c.want = append(c.want, line[1:])
		default:
			t.Fatalf("%s: %q", file, line)
		}
	}
	return cases
}

func writeCases(t *testing.T, file string, cases []brokenCase) {
	t.Helper()
	var b bytes.Buffer
	write := func(mark string, lines []string) {
		for _, line := range lines {
			b.WriteString(mark + line + "\n")
		}
	}
	for _, c := range cases {
		b.WriteString(c.comment + "-- " + c.name + " --\n")
		for _, e := range c.edits {
			write("-", e.old)
			write("+", e.new)
		}
		write("=", c.want)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readFile(t testing.TB, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
