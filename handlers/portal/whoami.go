package portal

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/templates"
)

// reasonsShown bounds the page: a person with twenty roles out of thousands reads about those, and about some of the
// rest; the rest is a link away.
const reasonsShown = 200

// Query parameters of /whoami.
const (
	fieldAll    = "all"
	fieldFormat = "format"
)

// aboutMe is the same as JSON.
type aboutMe struct {
	Identity bridge.Identity `json:"identity"`
	Roles    []aboutRole     `json:"roles"`
}

// aboutRole is one role, and for one that the person has, what goes into its sessions.
type aboutRole struct {
	bridge.Explanation
	Session *sessionJSON `json:"session,omitempty"`
}

// whoami shows a person's claims, and for every configured role why they have it or not. Who has no role at all sees it
// instead of the picker, with that said first.
func (s *Server) whoami(w http.ResponseWriter, r *http.Request, v *visitor) error {
	query := r.URL.Query()
	search, err := handlers.One(query, templates.FieldQuery)
	if err != nil {
		return err
	}
	offers := s.bridge.Offers(r.Context(), v.identity, v.proof)
	reasons := s.reasons(v, searchWords(search))
	s.showSessions(r, v, offers, reasons)
	if query.Get(fieldFormat) == "json" || handlers.PrefersJSON(r) {
		return s.whoamiJSON(w, r, v, reasons, query.Get(fieldFormat) == "json")
	}
	page := templates.WhoAmI{
		Layout: s.layout(r, v), Identity: v.identity, Query: search, Roles: reasons, Total: len(s.bridge.Roles()),
		Freshness: "Your provider said this when you signed in. It counts until this session ends, or you sign in again.",
		Download:  "/whoami?" + fieldFormat + "=json",
	}
	status := http.StatusOK
	if len(offers) == 0 {
		page.NoRole = s.noRole(s.reasons(v, nil))
		if r.URL.Path != "/whoami" {
			status = handlers.Status(bridge.CodeNoRole)
			handlers.Note(w, bridge.Fail(bridge.CodeNoRole, nil))
		}
	}
	if !query.Has(fieldAll) && len(page.Roles) > reasonsShown {
		page.Roles, page.All = cut(page.Roles), "/whoami?"+fieldAll+"=1"
	}
	return s.site.Render(w, status, handlers.Forms{}, page)
}

func (s *Server) whoamiJSON(w http.ResponseWriter, r *http.Request, v *visitor, reasons []templates.RoleReason, download bool) error {
	about := aboutMe{Identity: v.identity, Roles: []aboutRole{}}
	for _, reason := range reasons {
		role := aboutRole{Explanation: reason.Explanation}
		if reason.Session != nil {
			role.Session = asJSON(reason.Session, s.meters.of(v.identity, reason.Explanation.Role))
		}
		about.Roles = append(about.Roles, role)
	}
	if download {
		w.Header().Set("Content-Disposition", `attachment; filename="fedbridge-whoami.json"`)
	}
	return handlers.WriteJSON(w, http.StatusOK, about)
}

// reasons explains every configured role that the words match.
func (s *Server) reasons(v *visitor, words []string) []templates.RoleReason {
	var all []templates.RoleReason
	for _, role := range s.bridge.Roles() {
		if !matches(words, role) {
			continue
		}
		reason := templates.RoleReason{
			Account: role.Account, Label: roleLabel(role), Explanation: s.bridge.Explain(v.identity, role.Key),
		}
		if reason.Explanation.Allowed {
			reason.Path = rolePath(role)
		}
		all = append(all, reason)
	}
	return all
}

// showSessions completes the reasons of the roles that the person has. Claims are looked at only where a role asks for
// them: somebody may have thousands that don't.
func (s *Server) showSessions(r *http.Request, v *visitor, offers []bridge.Offer, reasons []templates.RoleReason) {
	own := make(map[bridge.RoleKey]bridge.Offer, len(offers))
	for _, offer := range offers {
		own[offer.Role.Key] = offer
	}
	for i := range reasons {
		offer, ok := own[reasons[i].Explanation.Role]
		switch {
		case !ok:
		case offer.Obstacle != nil:
			reasons[i].Session = &templates.Session{Problem: s.obstacle(offer, v)}
		case offer.Role.HasTags || offer.Role.HasSourceIdentity:
			reasons[i].Session = s.session(r, v, offer)
		default:
			reasons[i].Session = &templates.Session{Longest: offer.Longest}
		}
	}
}

// cut keeps all roles that the person has, and fills up with the others in their order.
func cut(all []templates.RoleReason) []templates.RoleReason {
	room := reasonsShown
	for _, reason := range all {
		if reason.Explanation.Allowed {
			room--
		}
	}
	var kept []templates.RoleReason
	for _, reason := range all {
		if !reason.Explanation.Allowed {
			if room <= 0 {
				continue
			}
			room--
		}
		kept = append(kept, reason)
	}
	return kept
}

// noRole says which rules took roles away, and whom to ask: the owners of the accounts.
func (s *Server) noRole(reasons []templates.RoleReason) *templates.NoRole {
	notice, _ := bridge.NoticeOf(bridge.CodeNoRole)
	n := &templates.NoRole{Message: notice.Message, Remedy: notice.Remedy, Denied: takenAway(reasons)}
	for _, a := range s.accounts {
		if a.Owner == "" {
			continue
		}
		at := slices.IndexFunc(n.Contacts, func(c templates.Contact) bool { return c.Owner == a.Owner })
		if at < 0 {
			at, n.Contacts = len(n.Contacts), append(n.Contacts, templates.Contact{Owner: a.Owner})
		}
		n.Contacts[at].Accounts = append(n.Contacts[at].Accounts, cmp.Or(a.Name, a.ID))
	}
	return n
}

// takenAway names the deny rules without which another rule would have given a role.
func takenAway(reasons []templates.RoleReason) (rules []string) {
	matched := func(deny bool) func(bridge.RuleReasoning) bool {
		return func(r bridge.RuleReasoning) bool { return r.Matched && r.Deny == deny }
	}
	for _, reason := range reasons {
		if !slices.ContainsFunc(reason.Explanation.Rules, matched(false)) {
			continue
		}
		for _, rule := range reason.Explanation.Rules {
			if matched(true)(rule) && !slices.Contains(rules, rule.Rule) {
				rules = append(rules, rule.Rule)
			}
		}
	}
	return rules
}
