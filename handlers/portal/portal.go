package portal

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/store"
	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/templates"
)

// door is what the audit log calls this package.
const door = "portal"

// Store is what the portal keeps between requests.
type Store interface {
	store.PendingStore
	store.SessionStore
}

// Session says how long a session lives.
type Session struct {
	Length time.Duration // from sign-in to its end; more than zero
	Idle   time.Duration // without use; zero means Length
}

// Options are what a Server is made of. Site, Bridge, Providers, Store, Session.Length and PersonKey are required.
type Options struct {
	Site      *handlers.Site
	Bridge    *bridge.Bridge
	Providers []idp.IdentityProvider
	Store     Store
	Accounts  []bridge.Account
	Session   Session
	// ConsoleFormHosts are the origins to which opening the console leads (sign-in and console hosts of the partitions, or
	// the configured endpoints): the CSP of pages with role forms must name them (threat W13).
	ConsoleFormHosts []string
	// PersonKey is the HMAC key of the hashes by which sessions of a person are found; the same on all nodes, kept in the
	// store (Store.Key), at least 32 bytes.
	PersonKey []byte
	Regions   []string // to suggest; those of another partition than the role's are left out
	// DefaultRegions goes by partition into credentials of roles that have no region of their own, where the person chose none.
	DefaultRegions map[string]string
	// Trust and Operator make the operators' page: what it shows, and who sees it. Without either there is none.
	Trust    TrustDesk
	Operator func(bridge.Identity) bool
	Log      *slog.Logger
	Now      func() time.Time
}

// Server is the portal. It is safe for concurrent use.
type Server struct {
	site      *handlers.Site
	bridge    *bridge.Bridge
	providers []*provider
	byName    map[string]*provider
	store     Store
	sessions  *sessionStore
	accounts  []bridge.Account
	accountID map[string]string // by name
	roleForms handlers.Forms
	meters    meters
	regions   []string
	region    map[string]string // by partition
	trust     TrustDesk
	operator  func(bridge.Identity) bool
	log       *slog.Logger
	now       func() time.Time
	landings  *http.ServeMux // the pages that return_to may name
}

// provider is an identity provider and how many of its answers are being worked on.
type provider struct {
	idp.IdentityProvider
	info  idp.Info
	slots chan struct{}
}

// slotsPerProvider bounds what one provider can hold at once, so that a slow one, or a flood of forged answers, leaves
// the others alone.
const slotsPerProvider = 64

// New makes a Server.
func New(o Options) (*Server, error) {
	switch {
	case o.Site == nil || o.Bridge == nil || o.Store == nil:
		return nil, errors.New("portal: site, bridge and store are all needed")
	case o.Session.Length <= 0 || o.Session.Idle < 0:
		return nil, errors.New("portal: a session needs a length")
	case len(o.PersonKey) < 32:
		return nil, errors.New("portal: the person key has less than 32 bytes")
	}
	s := &Server{
		site: o.Site, bridge: o.Bridge, store: o.Store, accounts: o.Accounts, regions: o.Regions, region: o.DefaultRegions,
		roleForms: handlers.Forms{Hosts: o.ConsoleFormHosts},
		byName:    map[string]*provider{}, accountID: map[string]string{}, trust: o.Trust, operator: o.Operator, log: o.Log, now: o.Now,
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	for _, p := range o.Providers {
		entry := &provider{p, p.Info(), make(chan struct{}, slotsPerProvider)}
		if s.byName[entry.info.Name] != nil {
			return nil, fmt.Errorf("portal: two providers are named %q", entry.info.Name)
		}
		s.byName[entry.info.Name] = entry
		s.providers = append(s.providers, entry)
	}
	for _, a := range o.Accounts {
		s.accountID[a.Name] = a.ID
	}
	s.sessions = newSessionStore(o.Store, o.PersonKey, o.Session, s.now)
	s.landings = landings(s.routes())
	return s, nil
}

// Mount puts the portal's routes into the mux.
func (s *Server) Mount(mux *http.ServeMux) { s.site.Mount(mux, s.siteRoutes()) }

// provider finds one by its name in the URL; kind "" means any.
func (s *Server) provider(r *http.Request, kind idp.Kind) (*provider, error) {
	p := s.byName[r.PathValue("provider")]
	if p == nil || (kind != "" && p.info.Kind != kind) {
		return nil, bridge.Fail(bridge.CodeProviderUnknown, nil)
	}
	return p, nil
}

// enter takes one of the provider's slots; leave gives it back.
func (p *provider) enter() (leave func(), err error) {
	select {
	case p.slots <- struct{}{}:
		return func() { <-p.slots }, nil
	default:
		return nil, bridge.Fail(bridge.CodeRateLimited, fmt.Errorf("%d requests of provider %s at once", slotsPerProvider, p.info.Name))
	}
}

// label is what people call the provider; the name where it isn't configured any more.
func (s *Server) label(name string) string {
	if p := s.byName[name]; p != nil && p.info.Label != "" {
		return p.info.Label
	}
	return name
}

// layout is what every page shares; v is nil where nobody is signed in.
func (s *Server) layout(r *http.Request, v *visitor) templates.Layout {
	l := templates.Layout{Path: r.URL.Path, RequestID: handlers.RequestOf(r.Context()).ID}
	if v != nil {
		l.Person = &templates.Person{Name: v.identity.Name, Email: v.identity.Email, Provider: s.label(v.identity.Provider)}
		if l.Person.Name == "" && l.Person.Email == "" {
			l.Person.Name = v.identity.Subject
		}
		l.SessionEnds, l.Operator = v.head.Expires, s.operates(v)
	}
	return l
}

// regionsOf lists the suggested regions of a partition.
func (s *Server) regionsOf(partition string) []string {
	p, ok := bridge.PartitionByID(partition)
	return slices.DeleteFunc(slices.Clone(s.regions), func(region string) bool { return !ok || !p.HasRegion(region) })
}
