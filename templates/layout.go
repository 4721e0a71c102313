package templates

import "time"

// Names of the form fields and query parameters that the pages send. Handlers read these and no others.
const (
	FieldHint        = "hint"      // SignIn: an e-mail address, to choose the provider; GET /login
	FieldReturnTo    = "return_to" // SignIn: where to go after signing in; a path of ours
	FieldQuery       = "q"         // Picker, WhoAmI: what to search for; GET
	FieldDuration    = "duration"  // Role: a Go duration such as 8h or 1h30m; missing means the default
	FieldRegion      = "region"    // Role: an AWS region; empty means the role's own
	FieldDestination = "to"        // Role: an https URL of the console; empty means its home page
)

// Layout is what every page shares. It is embedded in every page struct.
type Layout struct {
	Title string // of the browser window; "" means the page's own
	Path  string // of this request, without query: marks the place in the navigation

	Person      *Person   // nil when nobody is signed in: the navigation and sign-out are then left out
	SessionEnds time.Time // zero: not shown
	Operator    bool      // the navigation leads to the operators' page
	RequestID   string    // shown at the foot of every page, so that the operator can find the request in the log
	Flash       *Flash    // one message above the page; nil for none
}

// Person is who is signed in.
type Person struct {
	Name     string
	Email    string
	Provider string // its label
}

// Display is what to call the person in one word or two.
func (p Person) Display() string {
	switch {
	case p.Name != "":
		return p.Name
	case p.Email != "":
		return p.Email
	}
	return "Signed in"
}

// FlashKind says how a Flash looks.
type FlashKind string

// The kinds of Flash.
const (
	FlashInfo    FlashKind = "info"
	FlashOK      FlashKind = "ok"
	FlashWarning FlashKind = "warning"
)

// Flash is one message above a page.
type Flash struct {
	Kind FlashKind // "" means FlashInfo
	Text string
}

// Class is the style class of the kind; unknown kinds look like FlashInfo.
func (f Flash) Class() string {
	switch f.Kind {
	case FlashOK, FlashWarning:
		return string(f.Kind)
	}
	return string(FlashInfo)
}

// Field is one hidden field of a form.
type Field struct{ Name, Value string }

// Form is a form with hidden fields only, sent by POST.
type Form struct {
	Action string
	Fields []Field
}

// Obstacle says why a role can't be used now, and the way out of it. Message, Remedy and Detail come from bridge.Explain.
type Obstacle struct {
	Message  string
	Remedy   string
	Detail   string
	Link     string // the way out, such as /login/corp?return_to=…; "" for none
	LinkText string // what the link says; "" means "Sign in again"
}
