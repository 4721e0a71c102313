package portal_test

import (
	"bufio"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// TestScripts runs testdata/scripts: what a reviewer can read without Go. One line is one step:
//
//	as NAME                      a browser of its own for everybody; "as nobody-in-particular" is one that never signs in
//	sign in WHO at PROVIDER      the whole way, there and back
//	GET PATH                     POST PATH name=value …    with a form of ours
//	from another site            the next request is made by another website
//	header Name: value           of the next request
//	wait 5m                      the clock goes on
//	store down|up  audit down|up  sts fails CODE
//	code == 403                  status
//	body [!]contains TEXT        header? NAME [!]contains TEXT
//	audit [!]contains TEXT       the last event: kind allowed code subject
//	sts asked N                  how often, so far
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/scripts/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runScript(t, file) })
	}
}

// script is one run.
type script struct {
	t        *testing.T
	w        *world
	browsers map[string]*browser
	b        *browser
	foreign  bool
	answer   *httptest.ResponseRecorder
	checks   int
}

func runScript(t *testing.T, file string) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := &script{t: t, w: newWorld(t), browsers: map[string]*browser{}}
	s.become("somebody")
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if err := s.step(line); err != nil {
			t.Fatalf("%s:%d: %s: %v", file, n, line, err)
		}
	}
	if s.checks == 0 {
		t.Fatalf("%s checks nothing", file)
	}
}

func (s *script) become(name string) {
	if s.browsers[name] == nil {
		s.browsers[name] = s.w.browser()
	}
	s.b = s.browsers[name]
}

// step does one line.
func (s *script) step(line string) error {
	word := strings.Fields(line)
	switch word[0] {
	case "as":
		s.become(word[1])
	case "sign":
		p := map[string]*fakeIDP{"corp": s.w.corp, "web": s.w.web, "apple": s.w.apple}[word[4]]
		s.answer = s.b.answer(p, s.b.begin(p, ""), word[2])
	case "GET", "POST":
		s.send(word)
	case "from":
		s.foreign = true
	case "header":
		name, value, _ := strings.Cut(strings.TrimPrefix(line, "header "), ": ")
		s.b.header.Set(name, value)
	case "wait":
		d, err := time.ParseDuration(word[1])
		s.w.pass(d)
		return err
	case "store":
		s.w.store.setDown(word[1] == "down")
	case "audit":
		if word[1] == "down" || word[1] == "up" {
			s.w.audit.setDown(word[1] == "down")
			return nil
		}
		return s.check(s.lastEvent(), strings.TrimPrefix(line, "audit "))
	case "sts":
		return s.sts(word)
	case "code":
		s.checks++
		if want, err := strconv.Atoi(word[2]); err != nil || s.answer.Code != want {
			return fmt.Errorf("is %d: %.400s", s.answer.Code, s.answer.Body)
		}
	case "body":
		return s.check(s.answer.Body.String(), strings.TrimPrefix(line, "body "))
	case "header?":
		return s.check(strings.Join(s.answer.Header().Values(word[1]), "\n"), strings.TrimPrefix(line, "header? "+word[1]+" "))
	default:
		return fmt.Errorf("no such step")
	}
	return nil
}

func (s *script) send(word []string) {
	form := formFor(word[0])
	for _, pair := range word[2:] {
		name, value, _ := strings.Cut(pair, "=")
		form.Add(name, value)
	}
	s.answer = s.b.send(word[0], word[1], form, s.foreign)
	s.foreign = false
}

func (s *script) sts(word []string) error {
	if word[1] == "fails" {
		if !slices.Contains(bridge.Codes(), bridge.Code(word[2])) {
			return fmt.Errorf("no such code")
		}
		s.w.sts.err = bridge.Fail(bridge.Code(word[2]), errDown)
		return nil
	}
	s.checks++
	if got := strconv.Itoa(s.w.sts.count()); got != word[2] {
		return fmt.Errorf("was asked %s times", got)
	}
	return nil
}

func (s *script) lastEvent() string {
	if lines := s.w.audit.lines(); len(lines) > 0 {
		return lines[len(lines)-1]
	}
	return ""
}

func (s *script) check(text, rule string) error {
	s.checks++
	verb, want, _ := strings.Cut(rule, " ")
	if verb != "contains" && verb != "!contains" {
		return fmt.Errorf("contains or !contains")
	}
	if strings.Contains(text, want) != (verb == "contains") {
		return fmt.Errorf("in %.600s", text)
	}
	return nil
}
