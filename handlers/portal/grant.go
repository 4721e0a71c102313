package portal

import (
	"cmp"
	"net/http"
	"strconv"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/delivery"
	"github.com/fedbridge/fedbridge/handlers"
	"github.com/fedbridge/fedbridge/templates"
)

// Form fields of /credentials beside those of templates.
const (
	fieldForm     = "format"   // a delivery.ID
	fieldDownload = "download" // "1": as a file
)

// console signs the browser in to the AWS console. The link is as good as a password: it stands in the Location of this
// answer to a same-origin POST, and in no page, log or URL of ours (threats W9, W10, R9).
func (s *Server) console(w http.ResponseWriter, r *http.Request, v *visitor) error {
	ask, role, wish, err := s.ask(r, v)
	if err != nil {
		return err
	}
	to := bridge.Destination{URL: wish.destination, Region: wish.region}
	if role.ConsolePost {
		return s.postToConsole(w, r, v, ask, to)
	}
	link, creds, err := s.bridge.ConsoleURL(r.Context(), ask, to)
	if err != nil {
		return s.withWayOut(r, v, ask.Role, err)
	}
	s.meters.note(v.identity, creds)
	return handlers.Redirect(w, link.Reveal())
}

// postToConsole answers with the form that takes the browser there. What was minted stands in this answer to a same-origin
// POST, which nobody may keep (no-store), frame or refer to, and which leads nowhere but to AWS.
func (s *Server) postToConsole(w http.ResponseWriter, r *http.Request, v *visitor, ask bridge.AssumeRequest, to bridge.Destination) error {
	form, err := s.bridge.ConsolePost(r.Context(), ask, to)
	if err != nil {
		return s.withWayOut(r, v, ask.Role, err)
	}
	// AWS's sign-in page leads on to the console, and Chromium holds every hop against form-action (threat W13).
	hosts := handlers.Forms{Hosts: s.roleForms.Hosts, Away: true}
	return s.site.Render(w, http.StatusOK, hosts, templates.ConsolePost{
		Layout: s.layout(r, nil), Account: form.Role.Account, Label: roleLabel(form.Role),
		Action: form.URL, Response: form.Response, RelayState: form.RelayState,
	})
}

// credentials hands credentials over: as a page that is shown once, as a file, or as JSON.
func (s *Server) credentials(w http.ResponseWriter, r *http.Request, v *visitor) error {
	ask, _, wish, err := s.ask(r, v)
	if err != nil {
		return err
	}
	// What can be refused is refused before AWS is asked.
	file, err := readFile(r)
	if err != nil {
		return err
	}
	creds, err := s.bridge.Assume(r.Context(), ask)
	if err != nil {
		return s.withWayOut(r, v, ask.Role, err)
	}
	s.meters.note(v.identity, creds)
	sayMeter(w.Header(), creds)
	in := delivery.Input{Credentials: creds, Region: cmp.Or(wish.region, s.regionOf(creds.Role))}
	switch {
	case file != "":
		return sendFile(w, file, in, true)
	case handlers.PrefersJSON(r):
		return sendFile(w, delivery.Process, in, false)
	}
	return s.showCredentials(w, r, v, creds, in)
}

// ask reads which role is wished for, and how. The role is the zero Role where none of this name is configured.
func (s *Server) ask(r *http.Request, v *visitor) (bridge.AssumeRequest, bridge.Role, wish, error) {
	key, request := s.roleKey(r), handlers.RequestOf(r.Context())
	// The shape of the wish is checked against the role where there is one; whether the person may have it is for Assume
	// to say, so that a refusal is decided, and recorded, in one place.
	var role bridge.Role
	for _, known := range s.bridge.Roles() {
		if known.Key == key {
			role = known
		}
	}
	var chosen wish
	if role.Key == key {
		var err error
		if chosen, err = readWish(r.PostForm, role); err != nil {
			return bridge.AssumeRequest{}, bridge.Role{}, wish{}, err
		}
	}
	return bridge.AssumeRequest{
		Identity: v.identity, Proof: v.proof, Role: key, Duration: chosen.duration,
		Door: door, Source: request.Source, RequestID: request.ID,
	}, role, chosen, nil
}

// withWayOut completes a refusal with the link at which another sign-in would help; it comes back to the role's page.
func (s *Server) withWayOut(r *http.Request, v *visitor, key bridge.RoleKey, err error) error {
	for _, role := range s.bridge.Roles() {
		if role.Key != key {
			continue
		}
		if provider := s.wayOut(bridge.CodeOf(err), role, v); provider != "" {
			return handlers.SignInAt(err, loginLink(provider, rolePage(r), ""))
		}
	}
	return err
}

// readFile reads which file is asked for; "" for none.
func readFile(r *http.Request) (delivery.ID, error) {
	download, err := handlers.One(r.PostForm, fieldDownload)
	if err != nil || download == "" {
		return "", err
	}
	format, err := handlers.One(r.PostForm, fieldForm)
	if err != nil {
		return "", err
	}
	if _, ok := delivery.Lookup(delivery.ID(format)); !ok {
		return "", bridge.Fail(bridge.CodeBadRequest, nil)
	}
	return delivery.ID(format), nil
}

// sendFile answers with the credentials in one format. The file's name is made of configured names in a safe alphabet.
func sendFile(w http.ResponseWriter, id delivery.ID, in delivery.Input, attach bool) error {
	body, err := delivery.Render(id, in)
	if err != nil {
		return err
	}
	format, _ := delivery.Lookup(id)
	h := w.Header()
	h.Set("Content-Type", format.MIME)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if attach {
		h.Set("Content-Disposition", `attachment; filename="`+delivery.Filename(id, in.Credentials.Role.Account.Name, in.Credentials.Role.Key.Name)+`"`)
	}
	w.Write(body) // an error here means that nobody is listening
	return nil
}

func (s *Server) showCredentials(w http.ResponseWriter, r *http.Request, v *visitor, creds bridge.Credentials, in delivery.Input) error {
	role := creds.Role
	page := templates.Credentials{
		Layout: s.layout(r, v), Account: role.Account, Path: rolePath(role), Label: roleLabel(role),
		AssumedRoleARN: creds.AssumedRoleARN, SessionName: creds.SessionName, Expires: creds.Expires,
		CapReason: creds.CapReason.Sentence(), Meter: templates.MeterOf(creds),
		Secrets: []bridge.Secret{creds.SecretAccessKey, creds.SessionToken},
	}
	for _, format := range delivery.Formats() {
		text, err := delivery.Render(format.ID, in)
		if err != nil {
			return err
		}
		page.Formats = append(page.Formats, templates.Format{
			Label: format.Label, Hint: format.Hint, Text: bridge.NewSecret(string(text)),
			FileName: delivery.Filename(format.ID, role.Account.Name, role.Key.Name), Download: again(r, role, format.ID),
		})
	}
	return s.site.Render(w, http.StatusOK, s.roleForms, page)
}

// again is the form that asks for the same once more, as a file: credentials are not kept between requests.
func again(r *http.Request, role bridge.Role, id delivery.ID) *templates.Form {
	form := &templates.Form{Action: rolePath(role) + "/credentials", Fields: []templates.Field{
		{Name: fieldForm, Value: string(id)}, {Name: fieldDownload, Value: "1"},
	}}
	for _, name := range []string{templates.FieldDuration, templates.FieldRegion} {
		if value := r.PostForm.Get(name); value != "" {
			form.Fields = append(form.Fields, templates.Field{Name: name, Value: value})
		}
	}
	return form
}
