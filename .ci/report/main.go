// Command report reads what `go test -json` says and prints what a person wants to know of it: the output of what failed,
// one line a package, and every test that was skipped with its reason. It ends with 1 when something failed, and, with
// FEDBRIDGE_TEST_REQUIRE=all, when something was skipped: a skipped test is green and proves nothing.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
)

// allowed are the tests that may be skipped all the same: "package Test/case", and why.
var allowed = map[string]string{}

// event is one line of `go test -json` (go doc test2json).
type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
}

type line struct{ test, text string }

// run is one package's tests.
type run struct {
	lines   []line
	results map[string]string // by test
}

type report struct {
	runs    map[string]*run
	slowest []event // tests that took longest
	passed  int     // packages
	tests   int     // that passed, cases included
	broken  int     // that failed
	failed  []string
	skipped []string
}

func main() {
	r := report{runs: map[string]*run{}}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil {
			fmt.Println(in.Text()) // not from a test
			continue
		}
		r.take(e)
	}
	if err := in.Err(); err != nil {
		fmt.Println("report:", err)
		os.Exit(1)
	}
	os.Exit(r.end(os.Getenv("FEDBRIDGE_TEST_REQUIRE") == "all"))
}

func (r *report) take(e event) {
	if e.Package == "" { // of the compiler: build-output, build-fail
		fmt.Print(e.Output)
		return
	}
	p := r.runs[e.Package]
	if p == nil {
		p = &run{results: map[string]string{}}
		r.runs[e.Package] = p
	}
	switch e.Action {
	case "output":
		p.lines = append(p.lines, line{e.Test, e.Output})
	case "pass", "fail", "skip":
		if e.Test != "" {
			p.results[e.Test] = e.Action
			switch e.Action {
			case "pass":
				r.tests++
			case "fail":
				r.broken++
			}
			if !strings.Contains(e.Test, "/") {
				r.slowest = append(r.slowest, e)
			}
			if e.Action == "skip" {
				r.skipped = append(r.skipped, e.Package+" "+e.Test+p.reason(e.Test))
			}
			return
		}
		r.finish(e, p)
	}
}

// reason is the last thing that a skipped test said.
func (p *run) reason(test string) string {
	said := ""
	for _, l := range p.lines {
		text := strings.TrimSpace(l.text)
		if l.test == test && !strings.HasPrefix(text, "---") && !strings.HasPrefix(text, "===") {
			said = ": " + text
		}
	}
	return said
}

func (r *report) finish(e event, p *run) {
	switch e.Action {
	case "pass":
		r.passed++
		fmt.Printf("ok    %-55s %6.1f s\n", e.Package, e.Elapsed)
	case "skip":
		fmt.Printf("-     %-55s no tests\n", e.Package)
	case "fail":
		r.failed = append(r.failed, e.Package)
		for _, l := range p.lines {
			if result := p.results[l.test]; result != "pass" && result != "skip" {
				fmt.Print(l.text)
			}
		}
		fmt.Printf("FAIL  %-55s %6.1f s\n", e.Package, e.Elapsed)
	}
	delete(r.runs, e.Package)
}

// end sums up. all tells that nothing may be skipped.
func (r *report) end(all bool) (status int) {
	forbidden := 0
	slices.Sort(r.skipped)
	for _, s := range r.skipped {
		test, _, _ := strings.Cut(s, ": ")
		if why, ok := allowed[test]; ok {
			fmt.Println("skipped, as it may be:", s, "("+why+")")
			continue
		}
		forbidden++
		fmt.Println("skipped:", s)
	}
	slices.SortFunc(r.slowest, func(a, b event) int { return cmp.Compare(b.Elapsed, a.Elapsed) })
	for _, e := range r.slowest[:min(5, len(r.slowest))] {
		fmt.Printf("slow  %-55s %6.1f s\n", path.Base(e.Package)+" "+e.Test, e.Elapsed)
	}
	fmt.Printf("packages: %d passed, %d failed\n", r.passed, len(r.failed))
	fmt.Printf("tests: %d passed, %d failed, %d skipped\n", r.tests, r.broken, len(r.skipped))
	switch {
	case len(r.failed) > 0:
		fmt.Println("failed:", strings.Join(r.failed, " "))
		return 1
	case r.passed == 0, len(r.runs) > 0:
		fmt.Println("the tests did not run to their end")
		return 1
	case all && forbidden > 0:
		fmt.Println("FEDBRIDGE_TEST_REQUIRE=all: nothing may be skipped")
		return 1
	}
	return 0
}
