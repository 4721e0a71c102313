package templates

// Error is the one error page. Message, Remedy and Detail come from bridge.Explain; the id is Layout.RequestID.
type Error struct {
	Layout
	Status  int    // of the answer
	Code    string // bridge.Code
	Message string
	Remedy  string // text between `backquotes` is shown as code
	Detail  string // "" for none
	SignIn  string // link to sign in again, where that helps; "" for none
	Home    string // link to go on; "" means /
	// WhoAmI links to the page about the person, where that helps.
	WhoAmI bool
}
