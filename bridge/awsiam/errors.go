package awsiam

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/fedbridge/fedbridge/bridge"
)

// ErrMissing tells that IAM says there is no such role or provider.
var ErrMissing = errors.New("IAM says that there is none")

// OtherARN tells that the account has a role of this name under another ARN: another path, or another case.
type OtherARN struct{ ARN bridge.RoleARN }

func (e *OtherARN) Error() string { return "the role's ARN is " + e.ARN.String() }

// Is makes it a kind of ErrMissing: STS knows no role by the ARN that was asked for.
func (e *OtherARN) Is(target error) bool { return target == ErrMissing }

// Error is why something couldn't be read, in words for an operator.
type Error struct {
	Text string
	Down bool // nothing answered: other reads of the account would fare the same
}

func (e *Error) Error() string { return e.Text }

func unusable(what string) error { return &Error{Text: "the answer " + what} }

// explain makes one sentence of what the SDK returned. The error itself is not wrapped: it may hold a body.
func explain(ctx context.Context, who string, err error) error {
	var ours *Error
	var other *OtherARN
	switch {
	case err == nil:
		return nil
	case errors.As(err, &other):
		return other
	case errors.As(err, &ours):
		return &Error{who + " can't be believed: " + ours.Text, ours.Down}
	case errors.Is(context.Cause(ctx), context.Canceled):
		return &Error{Text: "it was given up before " + who + " answered"}
	}
	status := 0
	if answered, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		status = answered.HTTPStatusCode()
	}
	api, ok := errors.AsType[smithy.APIError](err)
	switch {
	case ok && status == 404 && api.ErrorCode() == "NoSuchEntity":
		return ErrMissing
	case ok && status != 0 && api.ErrorCode() != "UnknownError":
		return &Error{Text: fmt.Sprintf("%s refused: %s: %s", who, clean(api.ErrorCode()), clean(api.ErrorMessage()))}
	case errors.Is(err, errAnswerTooLong):
		return &Error{Text: who + " can't be believed: " + errAnswerTooLong.Error()}
	case isTimeout(err):
		return &Error{who + " didn't answer in time", true}
	case status == 0:
		return &Error{who + " can't be reached: " + clean(lastOf(err)), true}
	case status < 300:
		return &Error{Text: who + " gave an answer that can't be read"}
	}
	return &Error{fmt.Sprintf("%s answered %d, and nothing of AWS's", who, status), status >= 500}
}

func isTimeout(err error) bool {
	var slow net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &slow) && slow.Timeout()
}

// lastOf is the innermost text: the SDK wraps a refused connection in five sentences.
func lastOf(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		if op, ok := err.(*net.OpError); ok {
			return op.Error()
		}
		err = next
	}
}

// longRun is text that could be a part of a key or a token; maxText bounds what comes from elsewhere.
var longRun = regexp.MustCompile(`[A-Za-z0-9+=_%]{40,}|[A-Za-z0-9+/=_.%-]{100,}`)

const maxText = 400

// clean takes out of a text from elsewhere what could be a secret, and what isn't text, and bounds it.
func clean(text string) string {
	text = longRun.ReplaceAllString(text, "[…]")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == ' ' }), " ")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return text
}
