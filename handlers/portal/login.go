package portal

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/templates"
)

// maxHint bounds an e-mail address (RFC 5321 §4.5.3.1: 64 + 1 + 255).
const maxHint = 320

// choose is /login: the choice of providers. ?hint= is an e-mail address, whose domain may choose; ?iss= is an issuer,
// as a sign-in that a third party begins names it (OIDC Core §4).
func (s *Server) choose(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	if query.Has("iss") {
		return s.chooseByIssuer(w, query)
	}
	hint, err := hintOf(query, templates.FieldHint)
	if err != nil {
		return err
	}
	to, err := handlers.One(query, templates.FieldReturnTo)
	if err != nil {
		return err
	}
	_, err = s.visitor(r)
	return s.showChoice(w, r, s.returnTo(to), hint, err)
}

// chooseByIssuer goes on to the one provider of this issuer. The address that the third party wants people to land on
// (target_link_uri) is not followed: return_to is, and that is a path of ours.
func (s *Server) chooseByIssuer(w http.ResponseWriter, query url.Values) error {
	issuer, err := handlers.One(query, "iss")
	if err != nil {
		return err
	}
	hint, err := hintOf(query, "login_hint")
	if err != nil {
		return err
	}
	to, err := handlers.One(query, templates.FieldReturnTo)
	if err != nil {
		return err
	}
	var found []*provider
	for _, p := range s.providers {
		if p.info.Issuer != "" && p.info.Issuer == issuer {
			found = append(found, p)
		}
	}
	if len(found) != 1 {
		return bridge.Fail(bridge.CodeProviderUnknown, fmt.Errorf("%d providers have issuer %.100q", len(found), issuer))
	}
	return handlers.Redirect(w, loginLink(found[0].info.Name, s.returnTo(to), hint))
}

// showChoice shows the providers; why is what the session check said.
func (s *Server) showChoice(w http.ResponseWriter, r *http.Request, returnTo, hint string, why error) error {
	page := templates.SignIn{Layout: s.layout(r, nil), Hint: hint}
	if returnTo != "/" {
		page.ReturnTo = returnTo
	}
	if bridge.CodeOf(why) == bridge.CodeSessionEnded {
		_, notice, _ := bridge.Explain(why)
		page.Message = notice.Message
	}
	shown := s.providers
	if p := s.byDomain(hint); p == nil && hint != "" {
		// The address isn't repeated here: whoever makes a link chose it, and would speak in our name.
		page.Message = "No sign-in is set up for that e-mail address. Choose below where you sign in."
	} else if p != nil {
		// A redirect here would be a hop of the form that asked, and Chromium would hold it, and all that follow, against
		// that page's form-action (threat W13). Refresh is a navigation of its own, as if the link had been followed.
		shown, page.Hint = []*provider{p}, ""
		w.Header().Set("Refresh", "0; url="+loginLink(p.info.Name, returnTo, hint))
	}
	for _, p := range shown {
		page.Providers = append(page.Providers, templates.Provider{
			Name: p.info.Name, Label: s.label(p.info.Name), Kind: string(p.info.Kind),
			Link: loginLink(p.info.Name, returnTo, ""),
		})
		page.ByEmail = page.ByEmail || (len(shown) > 1 && len(p.info.Domains) > 0)
	}
	return s.site.Render(w, http.StatusOK, handlers.Forms{}, page)
}

// byDomain finds the provider to which the address's domain belongs. The address is a hint and proves nothing.
func (s *Server) byDomain(hint string) *provider {
	at := strings.LastIndexByte(hint, '@')
	if at < 0 {
		return nil
	}
	domain := strings.ToLower(hint[at+1:])
	for _, p := range s.providers {
		if slices.Contains(p.info.Domains, domain) {
			return p
		}
	}
	return nil
}

// begin is /login/{provider}: a link that sends the browser to the provider. It grants nothing, so a GET may do it; what
// comes back is bound to this browser by a cookie of its own (threat W2). ?iss (OIDC Core §4) may come along and isn't
// needed: the path names the provider.
func (s *Server) begin(w http.ResponseWriter, r *http.Request) error {
	p, err := s.provider(r, "")
	if err != nil {
		return err
	}
	if r.Method == http.MethodHead { // a preview begins nothing
		w.WriteHeader(http.StatusOK)
		return nil
	}
	if err := navigation(r); err != nil {
		return err
	}
	query := r.URL.Query()
	hint, err := hintOf(query, "login_hint")
	if err != nil {
		return err
	}
	to, err := handlers.One(query, templates.FieldReturnTo)
	if err != nil {
		return err
	}
	if query.Has(againField) && cookie(r, againCookie) == "" {
		return bridge.Fail(bridge.CodeCookies, nil) // else an unsolicited answer could send the browser round for ever
	}
	leave, err := p.enter()
	if err != nil {
		return err
	}
	defer leave()
	login := idp.NewLogin(p.info.Name, s.returnTo(to), s.now())
	login.Hint = hint
	challenge, err := p.Begin(r.Context(), login)
	if err != nil {
		return err
	}
	if err := s.putLogin(w, r, login, p.info.CrossSite); err != nil {
		return err
	}
	return s.send(w, r, p, challenge)
}

// navigation refuses what is no visit of a person: a picture, a frame or a script of some site that would fill the browser
// with sign-ins it never began, or a prefetch (threats W2, W23). Browsers that don't say are believed.
func navigation(r *http.Request) error {
	if dest := r.Header.Get("Sec-Fetch-Dest"); dest != "" && dest != "document" {
		return bridge.Fail(bridge.CodeCrossOrigin, fmt.Errorf("a sign-in was begun as %.20q", dest))
	}
	if strings.HasPrefix(r.Header.Get("Sec-Purpose"), "prefetch") {
		return bridge.Fail(bridge.CodeBadRequest, errors.New("a sign-in was begun as a prefetch"))
	}
	return nil
}

// send redirects the browser to the provider, or hands it a form.
func (s *Server) send(w http.ResponseWriter, r *http.Request, p *provider, c idp.Challenge) error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return bridge.Fail(bridge.CodeProviderConfig, err)
	}
	if c.Form == nil {
		return handlers.Redirect(w, c.URL)
	}
	page := templates.PostForm{Layout: s.layout(r, nil), Provider: s.label(p.info.Name), Action: c.URL}
	for name, values := range c.Form {
		for _, value := range values {
			page.Fields = append(page.Fields, templates.Field{Name: name, Value: value})
		}
	}
	slices.SortFunc(page.Fields, func(a, b templates.Field) int { return strings.Compare(a.Name, b.Name) })
	return s.site.Render(w, http.StatusOK, handlers.Forms{InsecureAnywhere: true}, page)
}

// hintOf reads an address to pass on. One that is too long or holds control characters is refused.
func hintOf(query url.Values, name string) (string, error) {
	hint, err := handlers.One(query, name)
	if err != nil {
		return "", err
	}
	hint = strings.TrimSpace(hint)
	if len(hint) > maxHint || strings.ContainsFunc(hint, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", bridge.Fail(bridge.CodeBadRequest, nil)
	}
	return hint, nil
}
