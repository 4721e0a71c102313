package templates

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"reflect"
)

//go:embed html/*.html
var files embed.FS

// pages says which file prints which struct.
var pages = map[reflect.Type]string{
	reflect.TypeFor[SignIn]():      "signin.html",
	reflect.TypeFor[PostForm]():    "postform.html",
	reflect.TypeFor[ConsolePost](): "consolepost.html",
	reflect.TypeFor[Confirm]():     "confirm.html",
	reflect.TypeFor[SignedOut]():   "signedout.html",
	reflect.TypeFor[Picker]():      "picker.html",
	reflect.TypeFor[Role]():        "role.html",
	reflect.TypeFor[Credentials](): "credentials.html",
	reflect.TypeFor[WhoAmI]():      "whoami.html",
	reflect.TypeFor[Trust]():       "trust.html",
	reflect.TypeFor[Error]():       "error.html",
}

// Set is all pages, parsed. It is safe for concurrent use.
type Set struct {
	byType map[reflect.Type]*template.Template
}

// New parses all pages. It fails when one of the embedded files is broken, which a test would have found.
func New() (*Set, error) {
	assets, err := loadAssets()
	if err != nil {
		return nil, err
	}
	layout, err := template.New("layout.html").Funcs(funcs(assets)).ParseFS(files, "html/layout.html", "html/parts.html")
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	set := &Set{byType: make(map[reflect.Type]*template.Template, len(pages))}
	for kind, file := range pages {
		page, err := template.Must(layout.Clone()).ParseFS(files, "html/"+file)
		if err != nil {
			return nil, fmt.Errorf("templates: %w", err)
		}
		set.byType[kind] = page
	}
	return set, nil
}

// Render prints a page struct, or a pointer to one. It writes once, after all went well: no half pages.
func (s *Set) Render(w io.Writer, page any) error {
	kind := reflect.TypeOf(page)
	if kind != nil && kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	t, ok := s.byType[kind]
	if !ok {
		return fmt.Errorf("templates: %T is not a page", page)
	}
	// The buffer isn't pooled: a page may hold credentials.
	var buf bytes.Buffer
	if p, ok := page.(interface{ size() int }); ok {
		buf.Grow(p.size())
	}
	if err := t.ExecuteTemplate(&buf, "layout.html", page); err != nil {
		return fmt.Errorf("templates: %w", err)
	}
	_, err := w.Write(buf.Bytes())
	return err
}
