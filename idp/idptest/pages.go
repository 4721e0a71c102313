package idptest

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

//go:embed assets
var assets embed.FS

var pages = template.Must(template.ParseFS(assets, "assets/*.html"))

// policy lets a page load our own style and script, and nothing else. form-action is left out: Chromium applies it to
// every hop of the redirect that follows a sign-in, and that ends at the relying party.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"

// loginPage is what a person sees who must sign in.
type loginPage struct {
	Assets   string
	Title    string
	Client   string // who asks
	Action   string
	Request  string // what goes on after the sign-in
	Username string
	Password string
	Problem  string
	People   []hint
}

// hint shows newcomers who they can be.
type hint struct {
	Person
	Link string // fills the form in
}

// postPage is a form that posts itself.
type postPage struct {
	Assets string
	Title  string
	Action string
	Fields []field
}

type field struct{ Name, Value string }

// notePage is one sentence.
type notePage struct {
	Assets string
	Title  string
	Head   string
	Text   string
}

func (k *kit) assets() string { return k.prefix + "/assets" }

// showLogin shows the login form. link, given a user name, is the address of the same page with the form filled in.
func (k *kit) showLogin(w http.ResponseWriter, status int, page loginPage, link func(username string) string) {
	page.Assets, page.Title = k.assets(), k.title
	if k.show {
		for _, p := range k.people {
			page.People = append(page.People, hint{p, link(p.Username)})
			if p.Username == page.Username && page.Problem == "" {
				page.Password = p.Password
			}
		}
	}
	writePage(w, status, "login.html", page)
}

// showPost hands the browser a form for somebody else. It works by a button where scripts are off.
func (k *kit) showPost(w http.ResponseWriter, action string, form url.Values) {
	page := postPage{Assets: k.assets(), Title: k.title, Action: action}
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range form[name] {
			page.Fields = append(page.Fields, field{name, value})
		}
	}
	writePage(w, http.StatusOK, "post.html", page)
}

// showNote shows one sentence, for instance why a request can't be answered.
func (k *kit) showNote(w http.ResponseWriter, status int, head, text string) {
	writePage(w, status, "note.html", notePage{k.assets(), k.title, head, text})
}

// sentence makes a cause readable: whoever uses a test provider is the one who can mend it.
func sentence(err error) string {
	text := strings.TrimPrefix(err.Error(), "idptest: ")
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

func writePage(w http.ResponseWriter, status int, name string, page any) {
	var body bytes.Buffer
	if err := pages.ExecuteTemplate(&body, name, page); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(body.Bytes())
}

func serveAsset(w http.ResponseWriter, r *http.Request, name string) {
	if name != "idp.css" && name != "post.js" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "max-age=300")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeFileFS(w, r, assets, "assets/"+name)
}
