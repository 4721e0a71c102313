package bridge

import (
	"context"
	"errors"
	"fmt"
)

// Code names one thing that can go wrong, for the page, the log, the metric and README alike. It is stable and never
// renamed. What a person reads about it stands in the catalogue, so no call site writes text for users.
type Code string

// Notice is what a person reads: what happened, and what they can do.
type Notice struct {
	Message string
	Remedy  string
}

// Error pairs a Code for the person with a cause for the log.
type Error struct {
	Code Code
	// Detail completes the notice with facts that the person may see and needs in order to mend it: the name of a claim,
	// the two audiences that differ. It is data, never markup, and never holds a secret or another person's data.
	Detail string
	cause  error
}

// Fail makes an error with a code. The cause is for the log alone; it may be nil.
func Fail(code Code, cause error) *Error { return &Error{Code: code, cause: cause} }

// FailWith is Fail with a detail that the person reads.
func FailWith(code Code, detail string, cause error) *Error {
	return &Error{Code: code, Detail: detail, cause: cause}
}

// Error is for the log: the code, the detail, the cause.
func (e *Error) Error() string {
	text := string(e.Code)
	if e.Detail != "" {
		text += " (" + e.Detail + ")"
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is tells whether target is an *Error of the same code, so that errors.Is(err, bridge.Fail(code, nil)) asks for a code.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.Code == e.Code
}

// CodeOf gives the code of an error: its own, client-gone for a cancelled context, internal for anything else, "" for
// nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	if errors.Is(err, context.Canceled) {
		return CodeClientGone
	}
	return CodeInternal
}

// Explain gives the code, the notice, and the detail that a person reads about an error.
func Explain(err error) (code Code, notice Notice, detail string) {
	code = CodeOf(err)
	if e, ok := errors.AsType[*Error](err); ok {
		detail = e.Detail
	}
	notice, ok := catalogue[code]
	if !ok {
		return CodeInternal, catalogue[CodeInternal], ""
	}
	return code, notice, detail
}

// NoticeOf gives the catalogue's text for a code.
func NoticeOf(code Code) (Notice, bool) {
	n, ok := catalogue[code]
	return n, ok
}

// Problem is one fault in what an operator wrote.
type Problem struct {
	Path    string // where in the configuration: rules[2].when, providers[0].issuer
	Message string // what is wrong and what to write instead
	// Line and Column are a place inside the text at Path (an expression), from 1; 0 where the whole is meant.
	Line, Column int
}

// String writes "path: message", and a place inside the text at path before the message.
func (p Problem) String() string {
	message := p.Message
	if p.Line > 0 {
		message = fmt.Sprintf("%d:%d: %s", p.Line, p.Column, message)
	}
	if p.Path == "" {
		return message
	}
	return p.Path + ": " + message
}

// Problemf makes a Problem.
func Problemf(path, format string, args ...any) Problem {
	return Problem{Path: path, Message: fmt.Sprintf(format, args...)}
}
