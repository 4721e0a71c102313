package templates

// SignIn is the choice of providers. With exactly one provider the page is one button.
type SignIn struct {
	Layout
	Providers []Provider
	// ReturnTo is carried along by the e-mail form. The links of the providers carry it themselves.
	ReturnTo string
	// Hint is what the person typed into the e-mail form, when no provider was found for it.
	Hint string
	// ByEmail offers the e-mail form: some provider has domains of its own.
	ByEmail bool
	// Message says why the person is here: after a sign-out, when a session ended, or where a link leads. "" for none.
	Message string
}

// Provider is one way to sign in.
type Provider struct {
	Name  string // in the configuration
	Label string
	Kind  string // "saml" or "oidc"
	Link  string // /login/NAME?return_to=…: signing in begins by a link (threat W13)
}

// KindLabel is the kind as people know it.
func (p Provider) KindLabel() string {
	switch p.Kind {
	case "saml":
		return "SAML"
	case "oidc":
		return "OpenID Connect"
	case "oauth2":
		return "OAuth 2.0"
	}
	return p.Kind
}

// PostForm carries a request to an identity provider by a form that posts itself (SAML Bindings §3.5). It is the one page
// whose form leaves our origin: its CSP must list the provider's host under form-action, or leave form-action out.
type PostForm struct {
	Layout
	Provider string // its label
	Action   string // an absolute URL of the provider
	Fields   []Field
}

// Confirm names the account that an answer which nobody asked for would sign in to, before going on (threat P4).
type Confirm struct {
	Layout
	Provider string // its label
	Name     string
	Email    string
	Subject  string
	// Current is who is signed in now and would be signed out; "" for nobody.
	Current string
	Yes     Form   // goes on
	Cancel  string // a path of ours; "" means /
}

// SignedOut is what follows a sign-out.
type SignedOut struct {
	Layout
	SignIn   string // where to sign in again; "" means /
	Provider string // label of the provider where the person may still be signed in; "" for none
}
