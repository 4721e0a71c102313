package portal

import (
	"cmp"
	"fmt"
	"net/http"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/templates"
)

// role is the page about one role: how long, where, what stands in the way. It only shows; the buttons post.
func (s *Server) role(w http.ResponseWriter, r *http.Request, v *visitor) error {
	offer, err := s.offer(r, v)
	if err != nil {
		return err
	}
	wish, err := readWish(r.URL.Query(), offer.Role)
	if err != nil {
		return err
	}
	role := offer.Role
	page := templates.Role{
		Layout: s.layout(r, v), Account: role.Account, Path: rolePath(role), Label: roleLabel(role),
		Description: role.Description, ARN: role.ARN.String(), Longest: offer.Longest,
		CapReason: offer.CapReason.Sentence(), Durations: templates.Durations(offer.Longest, wish.duration),
		Region: wish.region, Regions: s.regionsOf(role.ARN.Partition), Destination: wish.destination,
		Rules: offer.Rules, Obstacle: s.obstacle(offer, v),
	}
	page.Region = cmp.Or(page.Region, s.regionOf(role))
	if page.Obstacle == nil {
		page.Session, page.Meter = s.session(r, v, offer), s.meters.of(v.identity, role.Key)
		page.Session.Longest = 0 // stands above
		if page.Obstacle = page.Session.Problem; page.Obstacle != nil {
			page.Session = nil
		}
	}
	return s.site.Render(w, http.StatusOK, s.roleForms, page)
}

// roleKey reads the role that a path names; the account by id or by name. What isn't configured comes out as it stands,
// and no rule gives it to anybody.
func (s *Server) roleKey(r *http.Request) bridge.RoleKey {
	account := r.PathValue("account")
	if id, ok := s.accountID[account]; ok {
		account = id
	}
	return bridge.RoleKey{Account: account, Name: r.PathValue("role")}
}

// offer finds the role among those that the person may assume. A role that isn't there, and one that the person may not
// have, get the same answer.
func (s *Server) offer(r *http.Request, v *visitor) (bridge.Offer, error) {
	key := s.roleKey(r)
	for _, offer := range s.bridge.Offers(r.Context(), v.identity, v.proof) {
		if offer.Role.Key == key {
			return offer, nil
		}
	}
	for _, rule := range s.bridge.Explain(v.identity, key).Rules {
		if rule.Deny && rule.Matched {
			return bridge.Offer{}, bridge.FailWith(bridge.CodeDenied, rule.Rule, nil)
		}
	}
	return bridge.Offer{}, bridge.Fail(bridge.CodeNotEntitled, nil)
}

// obstacle says why a role can't be used now, and where signing in again would help.
func (s *Server) obstacle(offer bridge.Offer, v *visitor) *templates.Obstacle {
	if offer.Obstacle == nil {
		return nil
	}
	code, notice, detail := bridge.Explain(offer.Obstacle)
	o := &templates.Obstacle{Message: notice.Message, Remedy: notice.Remedy, Detail: detail}
	if provider := s.wayOut(code, offer.Role, v); provider != "" {
		o.Link = loginLink(provider, rolePath(offer.Role), "")
		if provider != v.identity.Provider {
			o.LinkText = "Sign in with " + s.label(provider)
		}
	}
	return o
}

// wayOut is the provider at which to sign in again, for the refusals that this mends.
func (s *Server) wayOut(code bridge.Code, role bridge.Role, v *visitor) string {
	switch code {
	case bridge.CodeProofMissing, bridge.CodeProofStale, bridge.CodeProofKind, bridge.CodeSTSExpired:
		if s.byName[role.RelayProvider] != nil {
			return role.RelayProvider
		}
	case bridge.CodeSessionEnded, bridge.CodeSTSClaimRejected:
		if s.byName[v.identity.Provider] != nil {
			return v.identity.Provider
		}
	}
	return ""
}

// rolePath is the page of a role: by the account's name, which people can read.
func rolePath(role bridge.Role) string {
	account := role.Account.Name
	if account == "" || account == "." || account == ".." {
		account = role.Key.Account
	}
	return "/roles/" + account + "/" + role.Key.Name
}

// regionOf is the region that a role is used in when nobody chose another; "" where the operator named none.
func (s *Server) regionOf(role bridge.Role) string {
	return cmp.Or(role.Region, s.region[role.ARN.Partition])
}

func roleLabel(role bridge.Role) string {
	if role.Label != "" {
		return role.Label
	}
	return role.Key.Name
}

// wish is what a person may choose about a session.
type wish struct {
	duration    time.Duration // zero: the default
	region      string        // "": the role's own
	destination string        // "": the console's home page
}

// readWish reads a wish out of a form or a link. Each field may be there once.
func readWish(values map[string][]string, role bridge.Role) (wish, error) {
	var w wish
	text, err := handlers.One(values, templates.FieldDuration)
	if err != nil {
		return wish{}, err
	}
	if w.duration, err = readDuration(text); err != nil {
		return wish{}, err
	}
	if w.region, err = handlers.One(values, templates.FieldRegion); err != nil {
		return wish{}, err
	}
	// Region names become part of host names: only those of the role's partition, by their shape (threat A16).
	if partition, ok := bridge.PartitionByID(role.ARN.Partition); w.region != "" && (!ok || !partition.HasRegion(w.region)) {
		return wish{}, bridge.Fail(bridge.CodeRegion, nil)
	}
	w.destination, err = handlers.One(values, templates.FieldDestination)
	if len(w.destination) > maxReturnTo {
		return wish{}, bridge.Fail(bridge.CodeConsoleTarget, nil)
	}
	return w, err
}

// readDuration reads a Go duration. Nothing means the default; zero, or what isn't a duration, is refused rather than
// taken for the default (threat X7). Bridge decides which lengths are allowed.
func readDuration(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, bridge.FailWith(bridge.CodeDuration, "write it as 1h or 45m", fmt.Errorf("duration %.40q", text))
	}
	return d, nil
}
