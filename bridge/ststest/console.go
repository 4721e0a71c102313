package ststest

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

//go:embed console.html
var consoleHTML string

//go:embed console.css
var consoleCSS []byte

var consolePage = template.Must(template.New("console").Parse(consoleHTML))

// console is the sign-in host and the console page behind it.
type console struct {
	aws     *AWS
	handler http.Handler
	cookie  string // its name: ports of one host share cookies, so every AWS has its own

	mu       sync.Mutex
	tokens   map[string]signin
	sessions map[string]signin
}

// signin is a sign-in that was prepared (a SigninToken) or made (a console session).
type signin struct {
	session *session
	length  time.Duration // SessionDuration; zero: as long as the credentials last
	ends    time.Time     // of the token, or of the console session
	issuer  string        // where the person is sent when the session ends
	saml    bool          // by a SAML response: nobody holds credentials
	used    bool
}

func newConsole(a *AWS) *console {
	c := &console{
		aws: a, cookie: "aws-console-" + strings.ToLower(rand.Text()[:8]),
		tokens: map[string]signin{}, sessions: map[string]signin{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/federation", c.federation)
	mux.HandleFunc("POST /saml", c.samlSignIn)
	mux.HandleFunc("POST /saml/acs/{provider}", c.samlSignIn)
	mux.HandleFunc("GET /console", c.page)
	mux.HandleFunc("GET /console.css", c.style)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/console", http.StatusFound)
	})
	c.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy",
			"default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		mux.ServeHTTP(w, r)
	})
	return c
}

// view is the page, ready to print.
type view struct {
	SignedIn                                       bool
	Problem                                        string
	Account, AccountName, Role, SessionName, ARN   string
	SourceIdentity, Via, Expires, ExpiresMachine   string
	Destination, Issuer, Provider, Key, SessionFor string
	Seconds                                        int
	Tags                                           []viewTag
}

type viewTag struct {
	Key, Value string
	Transitive bool
}

// page shows who one became, and where one wanted to go. The destination is text: nothing is fetched from it.
func (c *console) page(w http.ResponseWriter, r *http.Request) {
	v := view{Problem: "You are not signed in to this console."}
	status := http.StatusForbidden
	if cookie, err := r.Cookie(c.cookie); err == nil {
		if s, ok := c.find(cookie.Value); ok {
			v, status = c.view(s, r.URL.Query().Get("destination"), r.Host), http.StatusOK
		} else {
			v.Problem = "Your console session has ended."
		}
	}
	render(w, status, v)
}

func render(w http.ResponseWriter, status int, v view) {
	var b bytes.Buffer
	if err := consolePage.Execute(&b, v); err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

func (c *console) view(s signin, destination, host string) view {
	v := view{
		SignedIn: true, Account: s.session.role.Account, AccountName: c.aws.account(s.session.role.Account).Name,
		Role: s.session.role.Name, SessionName: s.session.name, ARN: s.session.arn(), SourceIdentity: s.session.sourceIdentity,
		Via: s.session.via, Provider: s.session.provider, Key: s.session.keyID, Issuer: s.issuer,
		Expires: s.ends.UTC().Format("2006-01-02 15:04:05 UTC"), ExpiresMachine: s.ends.UTC().Format(time.RFC3339),
		Seconds: int(s.ends.Sub(c.aws.options.Now()).Seconds()), SessionFor: "as long as the credentials",
	}
	if s.length > 0 {
		v.SessionFor = "as SessionDuration asked"
	}
	if s.saml {
		v.Key, v.SessionFor = "", "as the SAML response says"
	}
	if c.goodDestination(destination, s.session.role.Partition, host) {
		v.Destination = destination
	}
	for _, t := range s.session.tags {
		v.Tags = append(v.Tags, viewTag{t.Key, t.Value, t.transitive})
	}
	return v
}

func (c *console) style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=3600")
	_, _ = w.Write(consoleCSS)
}

func (c *console) find(id string) (signin, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.sessions[id]
	return s, ok && s.ends.After(c.aws.options.Now())
}

// goodDestination tells whether a URL is a console page of the partition (aws-facts 5.6, 5.7), or one of this host.
func (c *console) goodDestination(destination, partition, host string) bool {
	u, err := url.Parse(destination)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return false
	}
	if c.aws.options.AcceptAnyDestination || u.Host == host {
		return true
	}
	p, _ := bridge.PartitionByID(partition)
	name := strings.ToLower(u.Host)
	return u.Scheme == "https" && p.ConsoleHost != "" && (name == p.ConsoleHost || strings.HasSuffix(name, "."+p.ConsoleHost))
}
