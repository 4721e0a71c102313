package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
)

// declared reads every constant of type Code out of the package's source.
func declared(t *testing.T) map[string]bridge.Code {
	t.Helper()
	found := map[string]bridge.Code{}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no source here: %v", err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool { return collect(t, n, found) })
	}
	if len(found) < 50 {
		t.Fatalf("found %d codes only", len(found))
	}
	return found
}

func collect(t *testing.T, n ast.Node, found map[string]bridge.Code) bool {
	t.Helper()
	spec, ok := n.(*ast.ValueSpec)
	if !ok || len(spec.Values) != 1 {
		return true
	}
	if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		found[spec.Names[0].Name] = bridge.Code(text)
	}
	return true
}

// TestCatalogue: every code that the source declares has its notice, and every notice a code.
func TestCatalogue(t *testing.T) {
	names := declared(t)
	var all []bridge.Code
	for name, code := range names {
		if slices.Contains(all, code) {
			t.Errorf("%s: %q is taken", name, code)
		}
		all = append(all, code)
		if !strings.HasPrefix(name, "Code") || !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(string(code)) {
			t.Errorf("%s = %q: codes are words of small letters with dashes", name, code)
		}
	}
	slices.Sort(all)
	if got := bridge.Codes(); !slices.Equal(got, all) {
		t.Errorf("catalogue and constants differ:\n%q\n%q", got, all)
	}
}

// TestNotices: what happened and what to do, in sentences, no two alike.
func TestNotices(t *testing.T) {
	messages := map[string]bridge.Code{}
	for _, code := range bridge.Codes() {
		n, ok := bridge.NoticeOf(code)
		if !ok || n.Message == "" || n.Remedy == "" {
			t.Errorf("%s: %+v", code, n)
			continue
		}
		if !strings.HasSuffix(n.Message, ".") || !strings.HasSuffix(n.Remedy, ".") {
			t.Errorf("%s doesn't end in a full stop: %q %q", code, n.Message, n.Remedy)
		}
		if other, taken := messages[n.Message]; taken {
			t.Errorf("%s and %s say the same", code, other)
		}
		messages[n.Message] = code
		if strings.ContainsAny(n.Message+n.Remedy, "\n\t<>") || strings.Contains(n.Message+n.Remedy, "  ") {
			t.Errorf("%s: %+v", code, n)
		}
	}
	if _, ok := bridge.NoticeOf("no-such-code"); ok {
		t.Error("a code that isn't there has a notice")
	}
}

func TestExplain(t *testing.T) {
	cause := errors.New("CANARY")
	cases := map[string]struct {
		err    error
		code   bridge.Code
		detail string
	}{
		"a code":            {bridge.Fail(bridge.CodeClock, cause), bridge.CodeClock, ""},
		"with a detail":     {bridge.FailWith(bridge.CodeClaim, "groups", cause), bridge.CodeClaim, "groups"},
		"wrapped":           {fmt.Errorf("x: %w", bridge.FailWith(bridge.CodeClaim, "groups", cause)), bridge.CodeClaim, "groups"},
		"somebody else's":   {cause, bridge.CodeInternal, ""},
		"cancelled":         {fmt.Errorf("x: %w", context.Canceled), bridge.CodeClientGone, ""},
		"cancelled, a code": {bridge.Fail(bridge.CodeSTSDown, context.Canceled), bridge.CodeSTSDown, ""},
		"a deadline":        {context.DeadlineExceeded, bridge.CodeInternal, ""},
		"an unknown code":   {bridge.FailWith("made-up", "CANARY", nil), bridge.CodeInternal, ""},
	}
	for name, c := range cases {
		code, notice, detail := bridge.Explain(c.err)
		want, _ := bridge.NoticeOf(c.code)
		if code != c.code || notice != want || detail != c.detail {
			t.Errorf("%s: %s, %+v, %q", name, code, notice, detail)
		}
	}
	if bridge.CodeOf(nil) != "" {
		t.Error("nil has a code")
	}
	err := error(bridge.Fail(bridge.CodeClock, cause))
	if !errors.Is(err, bridge.Fail(bridge.CodeClock, nil)) || errors.Is(err, bridge.Fail(bridge.CodeClaim, nil)) || !errors.Is(err, cause) {
		t.Error("errors.Is doesn't tell codes apart")
	}
	if got := bridge.FailWith(bridge.CodeClock, "5m", cause).Error(); got != "clock-mismatch (5m): CANARY" {
		t.Errorf("for the log: %q", got)
	}
}
