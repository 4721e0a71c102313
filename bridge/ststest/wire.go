package ststest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"

	"crypto/rand"
	"fmt"
)

// maxBody lets the largest assertion through, percent-encoded, with everything else.
const maxBody = 1 << 20

// api is one service with a Query API.
type api struct {
	service    string // as the scope of a signature has it
	namespace  string
	version    string
	operations map[string]action
	faults     func(*AWS) *Faults
	// global tells that signatures are scoped to the first region of the caller's partition, not to the endpoint's.
	global bool
}

// call is one request to a service.
type call struct {
	api    *api
	action string
	form   url.Values
	http   *http.Request
	body   []byte
	aws    *AWS
}

// action is one operation of the Query API: the parameters it has, and what carries it out.
type action struct {
	signed     bool
	parameters map[string]bool
	run        func(*call, *caller) (any, error)
}

// serve answers one request (aws-facts 7).
func (p *api) serve(a *AWS, w http.ResponseWriter, r *http.Request) {
	requestID := newRequestID()
	w.Header().Set("X-Amzn-RequestId", requestID)
	w.Header().Set("Content-Type", "text/xml")
	c, err := p.readCall(a, r)
	if err != nil {
		p.writeError(a, w, requestID, asAPIError(err))
		return
	}
	seen := Request{Time: a.options.Now(), Method: r.Method, Action: c.action, Form: c.form, Signed: r.Header.Get("Authorization") != ""}
	var result any
	if fault := p.faults(a).begin(r.Context(), c.action); fault != nil {
		err = fault
	} else {
		result, err = c.answer()
	}
	if err != nil {
		failure := asAPIError(err)
		seen.Code = failure.code
		a.record.add(seen)
		p.writeError(a, w, requestID, failure)
		return
	}
	a.record.add(seen)
	p.faults(a).write(w, http.StatusOK, encode(response{
		XMLName: xml.Name{Local: c.action + "Response"}, Namespace: p.namespace, Result: result, RequestID: requestID,
	}))
}

func (p *api) readCall(a *AWS, r *http.Request) (*call, error) {
	if r.URL.Path != "/" {
		return nil, &apiError{http.StatusNotFound, "UnknownOperationException", "There is nothing at this path."}
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, &apiError{http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request is too large."}
		}
		return nil, errMalformedInput("The body could not be read.")
	}
	text := string(body)
	switch r.Method {
	case http.MethodGet:
		text = r.URL.RawQuery
	case http.MethodPost:
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
			return nil, errMalformedInput("The Query API takes application/x-www-form-urlencoded.")
		}
	default:
		return nil, &apiError{http.StatusMethodNotAllowed, "MalformedInput", "The Query API takes POST and GET."}
	}
	form, err := url.ParseQuery(text)
	if err != nil {
		return nil, errMalformedInput("The form could not be parsed.")
	}
	for name, values := range form {
		if len(values) != 1 {
			return nil, errMalformedInput("The parameter " + name + " is given twice.")
		}
	}
	return &call{api: p, action: form.Get("Action"), form: form, http: r, body: body, aws: a}, nil
}

// answer finds the operation, authenticates where that is needed, and carries it out.
func (c *call) answer() (any, error) {
	operation, ok := c.api.operations[c.action]
	if version := c.form.Get("Version"); !ok || version != c.api.version {
		return nil, errInvalidAction(c.action, version)
	}
	var who *caller
	if operation.signed {
		var err error
		if who, err = c.authenticate(); err != nil {
			return nil, err
		}
	}
	if !c.aws.options.AcceptUnknownParameters {
		for name := range c.form {
			if plain := member.ReplaceAllString(name, ".member"); !operation.parameters[plain] {
				return nil, errValidation("The parameter " + name + " is not one of " + c.action + ".")
			}
		}
	}
	return operation.run(c, who)
}

// member matches the number in a list's parameter: Tags.member.1.Key (aws-facts 7.1).
var member = regexp.MustCompile(`\.member\.[1-9][0-9]{0,3}\b`)

// list reads a list's members: 1-based, without gaps. A list of structures is read by one of their fields.
func (c *call) list(name, field string) []string {
	var out []string
	for i := 1; ; i++ {
		value, ok := c.form[name+".member."+strconv.Itoa(i)+field]
		if !ok {
			return out
		}
		out = append(out, value[0])
	}
}

// size is how many members of a list were sent, gaps or not.
func (c *call) size(name string) int {
	seen := map[string]bool{}
	prefix := name + ".member."
	for key := range c.form {
		if len(key) > len(prefix) && key[:len(prefix)] == prefix {
			number, _, _ := bytes.Cut([]byte(key[len(prefix):]), []byte("."))
			seen[string(number)] = true
		}
	}
	return len(seen)
}

// response is the envelope of every success; the Result brings its own element name.
type response struct {
	XMLName   xml.Name
	Namespace string `xml:"xmlns,attr"` // not in XMLName: the children would say xmlns=""
	Result    any
	RequestID string `xml:"ResponseMetadata>RequestId"`
}

type errorResponse struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Namespace string   `xml:"xmlns,attr"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"` // here it is not inside ResponseMetadata
}

func (p *api) writeError(a *AWS, w http.ResponseWriter, requestID string, e *apiError) {
	kind := "Sender"
	if e.status >= 500 {
		kind = "Receiver"
	}
	p.faults(a).write(w, e.status, encode(errorResponse{Namespace: p.namespace, Type: kind, Code: e.code, Message: e.message, RequestID: requestID}))
}

func encode(v any) []byte {
	out, err := xml.Marshal(v)
	if err != nil {
		panic("ststest: a response that can't be encoded: " + err.Error()) // our own types: a bug
	}
	return out
}

func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func itoa(n int) string { return strconv.Itoa(n) }
