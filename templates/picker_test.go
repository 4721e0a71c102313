package templates_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/templates"
)

// reference prints the rows of an account as html/template would; the picker appends them by hand, because it must be quick.
var reference = template.Must(template.New("rows").Parse(strings.TrimSpace(`
{{range .Roles}}<li class="role"><div><a href="{{.Path}}"><bdi>{{.Label}}</bdi></a>
{{- with .Description}}<p><bdi>{{.}}</bdi></p>{{end}}</div>
{{- if .Obstacle}}<p class="obstacle"><bdi>{{.Obstacle.Message}}</bdi>{{with .Obstacle.Link}} <a href="{{.}}">{{$.LinkText}}</a>{{end}}</p></li>
{{else}}{{with .Longest}}<small>up to {{$.Short}}</small>{{end -}}
<button class="go" formaction="{{.Path}}/console" aria-label="Console: {{.Label}} in {{$.Name}}">Console</button>
{{- ""}}<button formaction="{{.Path}}/credentials" aria-label="Credentials: {{.Label}} in {{$.Name}}">Credentials</button></li>
{{end}}{{end}}`)))

// section finds the rows of the only account on a page.
var section = regexp.MustCompile(`(?s)<ul>\n(<li class="role">.*</li>\n)</ul>\n</section>`)

func TestRowsLikeTemplate(t *testing.T) {
	set := newSet(t)
	// What the rows must stand: no controls here, which they make visible first (TestVisible).
	for i, text := range []string{"Read only", markup, rtl, long, `a"b`, "a'b", "a&amp;b", "a<b>c", "<!--", "]]>", "`x`", "a+b", "{{.}}", "\ufffd", "é̂", ""} {
		account := bridge.Account{ID: "111122223333", Name: text + "x"}
		obstacle := &templates.Obstacle{Message: text, Link: "/login/corp?return_to=%2F&x=1", LinkText: text + "y"}
		path := fmt.Sprintf("/roles/111122223333/role-%d", i)
		a := templates.PickerAccount{Account: account, Roles: []templates.PickerRole{
			{Path: path, Label: text, Description: text, Longest: 90 * time.Minute},
			{Path: path, Label: text},
			{Path: path, Label: text, Description: text, Obstacle: obstacle},
			{Path: path, Label: text, Obstacle: &templates.Obstacle{Message: text}},
		}}
		var want bytes.Buffer
		data := map[string]any{"Roles": a.Roles, "Short": "1 h 30 m", "Name": account.Name, "LinkText": obstacle.LinkText}
		if err := reference.Execute(&want, data); err != nil {
			t.Fatal(err)
		}
		got := section.FindSubmatch(render(t, set, templates.Picker{Total: 4, Accounts: []templates.PickerAccount{a}}))
		if got == nil {
			t.Fatalf("%q: no rows", text)
		}
		// html/template writes a few characters as references that need none; both read the same.
		unneeded := strings.NewReplacer("&#43;", "+", "&#96;", "`", "\ufffd", "\ufffd")
		if diff := cmp.Diff(unneeded.Replace(want.String()), string(got[1])); diff != "" {
			t.Errorf("%q: -html/template +picker:\n%s", text, diff)
		}
	}
}

// many is a picker of n roles in accounts of 25, as varied as a large company's.
func many(n int) templates.Picker {
	p := templates.Picker{Layout: fixtures{goldenTime}.layout("/"), Total: n}
	names := []string{"admin", "audit", "billing", "data-engineer", "deploy", "incident", "network", "operator", "readonly", "support"}
	for i := 0; i < n; i++ {
		if i%25 == 0 {
			id := fmt.Sprintf("%012d", 100_000_000_019+int64(i)*7_919_131)
			p.Accounts = append(p.Accounts, templates.PickerAccount{Account: bridge.Account{ID: id, Name: fmt.Sprintf("team-%d-prod", i/25),
				Label: fmt.Sprintf("Team %d, production", i/25), Environment: "production", Owner: fmt.Sprintf("team-%d@example.com", i/25)}})
		}
		last := &p.Accounts[len(p.Accounts)-1]
		name := fmt.Sprintf("%s-%d", names[i%len(names)], i%25)
		last.Roles = append(last.Roles, templates.PickerRole{Path: "/roles/" + last.Account.ID + "/" + name, Label: name,
			Description: "May do what " + names[i%len(names)] + " people do in this account.", Longest: time.Duration(1+i%12) * time.Hour})
	}
	return p
}

// TestPickerIsLight: 2,500 roles are one page of less than 100 KB as it travels.
func TestPickerIsLight(t *testing.T) {
	page := render(t, newSet(t), many(2500))
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write(page)
	w.Close()
	t.Logf("2,500 roles: %d bytes, %d gzipped", len(page), packed.Len())
	if packed.Len() > 100_000 {
		t.Errorf("2,500 roles are %d bytes gzipped", packed.Len())
	}
	if n := bytes.Count(page, []byte(`formaction="`)); n != 5000 {
		t.Errorf("%d buttons for 2,500 roles", n)
	}
}

func BenchmarkPicker(b *testing.B) {
	set := newSet(b)
	for _, n := range []int{60, 2500} {
		page := many(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := set.Render(io.Discard, page); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
