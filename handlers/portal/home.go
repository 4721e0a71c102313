package portal

import (
	"net/http"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/templates"
)

// home is the picker, the choice of providers for those who aren't signed in, or the reasons for those who have no role.
func (s *Server) home(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visitor(r)
	if err == nil {
		err = s.sessions.touch(r.Context(), v.found)
	}
	switch code := bridge.CodeOf(err); {
	case err == nil:
		return s.picker(w, r, v)
	case (code == bridge.CodeNotSignedIn || code == bridge.CodeSessionEnded) && !handlers.PrefersJSON(r):
		return s.showChoice(w, r, "/", "", err)
	}
	return err
}

func (s *Server) picker(w http.ResponseWriter, r *http.Request, v *visitor) error {
	offers := s.bridge.Offers(r.Context(), v.identity, v.proof)
	if len(offers) == 0 {
		return s.whoami(w, r, v)
	}
	query, err := handlers.One(r.URL.Query(), templates.FieldQuery)
	if err != nil {
		return err
	}
	page := templates.Picker{Layout: s.layout(r, v), Query: query, Total: len(offers)}
	words := searchWords(query)
	for _, offer := range offers {
		if !matches(words, offer.Role) {
			continue
		}
		last := len(page.Accounts) - 1
		if last < 0 || page.Accounts[last].Account.ID != offer.Role.Account.ID {
			page.Accounts = append(page.Accounts, templates.PickerAccount{Account: offer.Role.Account})
			last++
		}
		page.Accounts[last].Roles = append(page.Accounts[last].Roles, templates.PickerRole{
			Path: rolePath(offer.Role), Label: roleLabel(offer.Role), Description: offer.Role.Description,
			Longest: offer.Longest, Obstacle: s.obstacle(offer, v),
		})
	}
	return s.site.Render(w, http.StatusOK, s.roleForms, page)
}

// searchWords splits what was searched for; every word must be found.
func searchWords(query string) []string { return strings.Fields(strings.ToLower(query)) }

func matches(words []string, role bridge.Role) bool {
	if len(words) == 0 {
		return true
	}
	a := role.Account
	text := strings.ToLower(strings.Join([]string{
		a.Name, a.ID, a.Label, a.Environment, a.Owner, role.Key.Name, role.Label, role.Description,
	}, "\n"))
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}
