package idptest

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// kit is what both providers have: people, a clock, sessions, lies, faults and counters.
type kit struct {
	base    string // URL of the root, without a slash at the end
	prefix  string // path of base
	host    string // host of base
	title   string
	people  []Person
	show    bool
	cookie  string
	started time.Time
	now     func() time.Time

	mu       sync.Mutex
	lies     map[Lie]bool
	faults   map[string]Fault
	fetches  map[string]int
	sessions map[string]session
}

// session is a browser's session at the provider.
type session struct {
	username string
	began    time.Time
	id       string // sid, SessionIndex
}

// sessionLife is how long a browser stays signed in at the provider.
const sessionLife = 8 * time.Hour

func newKit(base, title string, people []Person, now func() time.Time) (*kit, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("idptest: %q is not the URL of a provider", base)
	}
	if now == nil {
		now = time.Now
	}
	return &kit{
		base: strings.TrimSuffix(base, "/"), prefix: strings.TrimSuffix(u.Path, "/"), host: u.Host, title: title,
		people: people, now: now, started: now(),
		lies: map[Lie]bool{}, faults: map[string]Fault{}, fetches: map[string]int{}, sessions: map[string]session{},
	}, nil
}

// Lie makes all further answers wrong in these ways, and in no others: Lie() returns to the truth.
func (k *kit) Lie(lies ...Lie) {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.lies)
	for _, lie := range lies {
		k.lies[lie] = true
	}
}

// told is the set of lies in force.
type told map[Lie]bool

func (k *kit) told() told {
	k.mu.Lock()
	defer k.mu.Unlock()
	lies := make(told, len(k.lies))
	for lie := range k.lies {
		lies[lie] = true
	}
	return lies
}

// SetFault makes a path (such as /jwks; "*" for all) fail in this way until FaultNone is set.
func (k *kit) SetFault(path string, fault Fault) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if fault == FaultNone {
		delete(k.faults, path)
		return
	}
	k.faults[path] = fault
}

// Fetches counts the requests for a path so far (/jwks; "*" for all), those that met a fault included.
func (k *kit) Fetches(path string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.fetches[path]
}

// enter counts a request and tells which fault it meets. It returns the path below the provider's root.
func (k *kit) enter(r *http.Request) (path string, fault Fault, ok bool) {
	path, ok = strings.CutPrefix(r.URL.Path, k.prefix)
	if !ok || (path != "" && path[0] != '/') {
		return "", FaultNone, false
	}
	if path == "" {
		path = "/"
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.fetches[path]++
	k.fetches["*"]++
	if f, set := k.faults[path]; set {
		return path, f, true
	}
	return path, k.faults["*"], true
}

// serve counts, fails where a fault is set, and otherwise calls the route.
func (k *kit) serve(w http.ResponseWriter, r *http.Request, routes map[string]http.HandlerFunc) {
	path, fault, ok := k.enter(r)
	if !ok {
		http.NotFound(w, r)
		return
	}
	if fault != FaultNone {
		fault.serve(w, r, k.prefix+elsewhere+path)
		return
	}
	path = strings.TrimPrefix(path, elsewhere)
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if route, ok := routes[path]; ok {
		route(w, r)
		return
	}
	if asset, ok := strings.CutPrefix(path, "/assets/"); ok {
		serveAsset(w, r, asset)
		return
	}
	http.NotFound(w, r)
}

// signedIn finds the browser's session, where the provider keeps sessions.
func (k *kit) signedIn(r *http.Request) (Person, session, bool) {
	if k.cookie == "" {
		return Person{}, session{}, false
	}
	c, err := r.Cookie(k.cookie)
	if err != nil {
		return Person{}, session{}, false
	}
	k.mu.Lock()
	s, ok := k.sessions[c.Value]
	k.mu.Unlock()
	if !ok || k.now().After(s.began.Add(sessionLife)) {
		return Person{}, session{}, false
	}
	p, ok := find(k.people, s.username)
	return p, s, ok
}

// beginSession remembers the browser, where the provider keeps sessions.
func (k *kit) beginSession(w http.ResponseWriter, p Person) session {
	s := session{username: p.Username, began: k.now(), id: random()}
	if k.cookie == "" {
		return s
	}
	handle := random()
	k.mu.Lock()
	for old, other := range k.sessions {
		if k.now().After(other.began.Add(sessionLife)) {
			delete(k.sessions, old)
		}
	}
	k.sessions[handle] = s
	k.mu.Unlock()
	// A relying party may ask by a cross-site POST (SAML), and expects the session to be seen: None, as real ones do.
	http.SetCookie(w, &http.Cookie{
		Name: k.cookie, Value: handle, Path: k.prefix + "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteNoneMode,
	})
	return s
}

// endSession forgets the browser.
func (k *kit) endSession(w http.ResponseWriter, r *http.Request) {
	if k.cookie == "" {
		return
	}
	if c, err := r.Cookie(k.cookie); err == nil {
		k.mu.Lock()
		delete(k.sessions, c.Value)
		k.mu.Unlock()
	}
	http.SetCookie(w, &http.Cookie{
		Name: k.cookie, Path: k.prefix + "/", MaxAge: -1, HttpOnly: true, Secure: true, SameSite: http.SameSiteNoneMode,
	})
}

// SignOutEverywhere ends all browsers' sessions at the provider.
func (k *kit) SignOutEverywhere() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.sessions)
}

// People are those who can sign in.
func (k *kit) People() []Person { return k.people }

// random returns 256 random bits in base64url.
func random() string {
	var b [32]byte
	rand.Read(b[:]) // never fails (crypto/rand, Go 1.24)
	return base64.RawURLEncoding.EncodeToString(b[:])
}
