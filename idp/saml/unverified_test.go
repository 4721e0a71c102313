package saml_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// TestUnverifiedReader: reads what Finish would have read, in every form in which an operator may have an answer.
func TestUnverifiedReader(t *testing.T) {
	w := newWorld(t, setup{})
	login := w.login()
	document := w.mint(login, before(func(doc *etree.Document) {
		addAttribute(t, doc, "eptid", `<saml:AttributeValue><saml:NameID>x</saml:NameID></saml:AttributeValue>`)
	}))
	want, _ := w.accept(document, login)
	want.KeyFingerprint = "" // nothing was verified
	encoded := base64Of(document)
	var lines strings.Builder
	for rest := encoded; rest != ""; rest = rest[min(64, len(rest)):] {
		lines.WriteString(rest[:min(64, len(rest))] + "\r\n")
	}
	escaped := url.QueryEscape(encoded)
	for name, text := range map[string]string{
		"xml":               string(document),
		"declaration":       "\ufeff\n<?xml version=\"1.0\"?>\n" + string(document) + "\n",
		"base64":            encoded,
		"lines":             lines.String(),
		"url-safe":          strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(encoded), "="),
		"percent-encoded":   escaped,
		"lines, encoded":    url.QueryEscape(lines.String()),
		"form body":         "RelayState=a%2Bb&SAMLResponse=" + escaped + "&x=1",
		"form data":         "SAMLResponse: " + encoded + "\nRelayState: abc",
		"network tab":       "SAMLResponse\n" + encoded + "\nRelayState\nabc",
		"curl":              `curl 'https://sp.example.com/acs' -H 'Origin: null' --data-raw 'SAMLResponse=` + escaped + `&RelayState=x'`,
		"archive":           `{"params":[{"name":"SAMLResponse","value":"` + encoded + `"},{"name":"RelayState","value":"x"}]}`,
		"page":              `<!DOCTYPE html><html><form><input type="hidden" name="SAMLResponse" value="` + encoded + `"/></form></html>`,
		"page, value first": `<form><input value='` + strings.NewReplacer("+", "&#43;", "=", "&#x3d;").Replace(encoded) + `' type=hidden name=SAMLResponse></form>`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := w.config.InsecureReadUnverified([]byte(text))
			if err != nil || !cmp.Equal(want, got) {
				t.Errorf("%v\n%s", err, cmp.Diff(want, got))
			}
		})
	}
}

// TestUnverifiedIsUnverified: it reads what nobody signed, long ago, for somebody else. Finish doesn't.
func TestUnverifiedIsUnverified(t *testing.T) {
	w := newWorld(t, setup{})
	for _, lie := range []idptest.Lie{
		idptest.UnsignedAssertion, idptest.StrangerKey, idptest.Expired, idptest.WrongAudience, idptest.WrongRecipient, idptest.WrongIssuer,
	} {
		w.idp.Lie(lie)
		login := w.login()
		document := w.mint(login, idptest.Hooks{})
		id, err := w.config.InsecureReadUnverified(document)
		if err != nil || id.Subject != "alice-0001" || id.KeyFingerprint != "" {
			t.Errorf("%s: %+v, %v", lie, id, err)
		}
		if id, _, err := w.finish(document, login); err == nil {
			t.Errorf("%s: signed in as %+v", lie, id)
		}
	}
}

// TestUnverifiedEncrypted: the configured key opens it; without one the way out is told.
func TestUnverifiedEncrypted(t *testing.T) {
	w := sealedWorld(t, idptest.Encryption{Cipher: idptest.CipherGCM256}, idptest.SignAssertion, nil)
	login := w.login()
	document := w.mint(login, idptest.Hooks{})
	want, _ := w.accept(document, login)
	want.KeyFingerprint = ""
	if got, err := w.config.InsecureReadUnverified(document); err != nil || !cmp.Equal(want, got) {
		t.Errorf("%v\n%s", err, cmp.Diff(want, got))
	}
	spoiled := edited(t, document, func(doc *etree.Document) {
		value := find(t, doc, "//EncryptedKey/CipherData/CipherValue")
		value.SetText("AAAA" + strings.TrimSpace(value.Text())[4:])
	})
	without, elsewhere := w.config, w.config
	without.Decryption = saml.Decryption{}
	elsewhere.Decryption.Key = "env:FEDBRIDGE_TEST_NO_SUCH_KEY"
	for _, c := range []struct {
		name     string
		config   saml.Config
		document []byte
		says     string
	}{
		{"no key configured", without, document, "configure decryption"},
		{"key out of reach", elsewhere, document, "run this where fedbridge runs"},
		{"another key", w.config, spoiled, "compare decryption.certificate"},
	} {
		_, err := c.config.InsecureReadUnverified(c.document)
		if bridge.CodeOf(err) != bridge.CodeEncryption || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestUnverifiedRefuses: what isn't one answer has no meaning, and the limits are the same.
func TestUnverifiedRefuses(t *testing.T) {
	w := newWorld(t, setup{})
	good := string(w.mint(w.login(), idptest.Hooks{}))
	from, to := strings.Index(good, "<saml:Assertion"), strings.Index(good, "</saml:Assertion>")+len("</saml:Assertion>")
	overage := strings.Replace(good, `Name="memberOf"`, `Name="http://schemas.microsoft.com/claims/groups.link"`, 1)
	w.idp.Lie(idptest.TransientNameID)
	transient := string(w.mint(w.login(), idptest.Hooks{}))
	w.idp.Lie(idptest.NoNameID)
	nameless := string(w.mint(w.login(), idptest.Hooks{}))
	for name, c := range map[string]struct {
		text string
		want bridge.Code
	}{
		"nothing":         {"", bridge.CodeAnswerMalformed},
		"spaces":          {" \n", bridge.CodeAnswerMalformed},
		"words":           {"hello, world", bridge.CodeAnswerMalformed},
		"bad escapes":     {"SAMLResponse=%zz", bridge.CodeAnswerMalformed},
		"another page":    {"<html>Sign in</html>", bridge.CodeAnswerMalformed},
		"an empty field":  {`<input name="SAMLResponse" value="">`, bridge.CodeAnswerMalformed},
		"base64 of text":  {base64Of([]byte("hello")), bridge.CodeAnswerMalformed},
		"a document type": {"<!DOCTYPE x>" + good, bridge.CodeAnswerMalformed},
		"two assertions":  {good[:to] + good[from:], bridge.CodeAnswerMalformed},
		"no assertion":    {good[:from] + good[to:], bridge.CodeAnswerMalformed},
		"a failure":       {strings.Replace(good, "status:Success", "status:Responder", 1), bridge.CodeProviderRefused},
		"groups left out": {overage, bridge.CodeGroupOverage},
		"transient":       {transient, bridge.CodeSubjectTransient},
		"no NameID":       {nameless, bridge.CodeSubjectMissing},
		"too large":       {"<a>" + strings.Repeat(" ", 256<<10) + "</a>", bridge.CodeAnswerTooLarge},
	} {
		if id, err := w.config.InsecureReadUnverified([]byte(c.text)); bridge.CodeOf(err) != c.want || id.Subject != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUnverifiedIsFarFromSignIn: nothing that is declared in unverified.go is named in another file of the package, and
// in the whole module only the explain command asks for it.
func TestUnverifiedIsFarFromSignIn(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string]bool{}
	for _, decl := range parseFile(t, "unverified.go").Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			declared[d.Name.Name] = true
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if value, ok := spec.(*ast.ValueSpec); ok {
					for _, name := range value.Names {
						declared[name.Name] = true
					}
				}
			}
		}
	}
	if !declared["InsecureReadUnverified"] || len(declared) < 4 {
		t.Fatalf("declared %v", declared)
	}
	for _, path := range files {
		if path == "unverified.go" || strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, name := range identifiers(parseFile(t, path)) {
			if declared[name] {
				t.Errorf("%s names %s", path, name)
			}
		}
	}
	var callers []string
	err = filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		ast.Inspect(parseFile(t, path), func(n ast.Node) bool {
			if call, ok := n.(*ast.SelectorExpr); ok && call.Sel.Name == "InsecureReadUnverified" {
				callers = append(callers, filepath.ToSlash(path))
			}
			return true
		})
		return nil
	})
	if err != nil || !cmp.Equal(callers, []string{"../../cmd/fedbridge/explain_identity.go"}) {
		t.Errorf("asked for by %v, %v", callers, err)
	}
}

func parseFile(t *testing.T, path string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func identifiers(file *ast.File) []string {
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			out = append(out, id.Name)
		}
		return true
	})
	return out
}
