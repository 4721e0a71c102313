package awssts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/fedbridge/fedbridge/bridge"
)

// failure is an attempt that failed: what the person reads, and whether asking again may help.
type failure struct {
	err   *bridge.Error
	again bool
}

// codes translates STS's error codes (STS API, "Errors" of each action and "Common Errors"; facts 1.14 and 2.4). Where
// one code means different things, kinds below tells them apart.
var codes = map[string]bridge.Code{
	"ExpiredTokenException":                bridge.CodeSTSExpired,
	"InvalidIdentityToken":                 bridge.CodeSTSInvalidProof,
	"AuthSamlInvalidSamlResponseException": bridge.CodeSTSInvalidProof,
	"IDPRejectedClaim":                     bridge.CodeSTSClaimRejected,
	"IDPCommunicationError":                bridge.CodeSTSProviderDown,
	"MalformedPolicyDocument":              bridge.CodeSTSPolicy,
	"PackedPolicyTooLarge":                 bridge.CodeSTSPacked,
	"RegionDisabledException":              bridge.CodeSTSRegion,
	"AccessDenied":                         bridge.CodeSTSRefused,
	"AccessDeniedException":                bridge.CodeSTSRefused,
	"ValidationError":                      bridge.CodeSTSInvalidRequest,
	"MalformedInput":                       bridge.CodeSTSInvalidRequest,
	"InvalidAction":                        bridge.CodeSTSInvalidRequest,
	"MissingAuthenticationToken":           bridge.CodeSTSNoCredentials,
	"InvalidClientTokenId":                 bridge.CodeSTSCredentials,
	"UnrecognizedClientException":          bridge.CodeSTSCredentials,
	"SignatureDoesNotMatch":                bridge.CodeSTSCredentials,
	"IncompleteSignature":                  bridge.CodeSTSCredentials,
	"ExpiredToken":                         bridge.CodeSTSCredentials,
	"RequestExpired":                       bridge.CodeSTSClock,
	"RequestTimeTooSkewed":                 bridge.CodeSTSClock,
	"Throttling":                           bridge.CodeSTSThrottled,
	"ThrottlingException":                  bridge.CodeSTSThrottled,
	"RequestLimitExceeded":                 bridge.CodeSTSThrottled,
	"TooManyRequestsException":             bridge.CodeSTSThrottled,
	"InternalFailure":                      bridge.CodeSTSDown,
	"InternalError":                        bridge.CodeSTSDown,
	"ServiceUnavailable":                   bridge.CodeSTSDown,
}

// kinds tells apart what STS puts under one code. The code decides; the text only sorts within it, and a text that AWS
// rewords one day falls back to the code's own meaning.
var kinds = []struct {
	code string // "" means any code that isn't in the table
	text string // lower case
	is   bridge.Code
}{
	{"ValidationError", "role chaining", bridge.CodeSTSChained},
	{"ValidationError", "exceeds the maxsessionduration", bridge.CodeSTSDuration},
	{"ValidationError", "exceeds maxsessionduration", bridge.CodeSTSDuration},
	{"ValidationError", "specified provider doesn't exist", bridge.CodeSTSInvalidProof},
	{"ValidationError", "required audience", bridge.CodeSTSInvalidProof},
	{"SignatureDoesNotMatch", "signature expired", bridge.CodeSTSClock},
	{"SignatureDoesNotMatch", "not yet current", bridge.CodeSTSClock},
	{"", "specified provider doesn't exist", bridge.CodeSTSInvalidProof},
	{"", "required audience", bridge.CodeSTSInvalidProof},
}

// translate makes a failure of what the SDK returned. ctx is the exchange's, not the attempt's: it tells a person who
// left from an STS that is slow.
func translate(ctx context.Context, label string, q question, err error) *failure {
	if ctx.Err() != nil {
		return &failure{err: contextFailure(ctx, "sts: asking "+label)}
	}
	status := 0
	if answered, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		status = answered.HTTPStatusCode()
	}
	cause := scrubbed("sts: "+label, err, &q.Proof.Raw)
	if api, ok := errors.AsType[smithy.APIError](err); ok && status != 0 && api.ErrorCode() != "UnknownError" {
		said := api.ErrorCode()
		if _, known := codes[said]; !known {
			said = clean(said, &q.Proof.Raw)
		}
		return translateAnswer(q, api, status, scrubbed(fmt.Sprintf("sts: %s: %d %.60s", label, status, said),
			errors.New(api.ErrorMessage()), &q.Proof.Raw))
	}
	return translateSilence(status, err, cause)
}

// translateAnswer: STS said no, in its own words.
func translateAnswer(q question, api smithy.APIError, status int, cause error) *failure {
	code, known := codes[api.ErrorCode()]
	switch {
	case known:
	case status >= 500:
		code = bridge.CodeSTSDown
	case status == http.StatusTooManyRequests:
		code = bridge.CodeSTSThrottled
	case status == http.StatusForbidden:
		code = bridge.CodeSTSRefused
	default:
		code = bridge.CodeSTSInvalidRequest
	}
	text := strings.ToLower(api.ErrorMessage())
	for _, kind := range kinds {
		if (kind.code == api.ErrorCode() || kind.code == "" && !known) && strings.Contains(text, kind.text) {
			code = kind.is
			break
		}
	}
	code = q.meaning(code, api.ErrorCode())
	again := code == bridge.CodeSTSDown || code == bridge.CodeSTSThrottled || code == bridge.CodeSTSProviderDown ||
		// STS may still hold the keys of before a rotation.
		code == bridge.CodeSTSInvalidProof && q.Via == bridge.ViaIssuer && q.Proof.Kind == bridge.ProofIDToken
	return &failure{bridge.FailWith(code, q.remedy(code), cause), again}
}

// meaning is what a code means for this way of asking. Of a signed call, only our own credentials can be expired; of a
// relayed proof, the proof; what was minted a moment ago is out of date only by a wrong clock, and has no identity
// provider behind it at which to sign in again.
func (q question) meaning(code bridge.Code, said string) bridge.Code {
	expired := code == bridge.CodeSTSExpired || said == "ExpiredToken"
	switch {
	case q.Via == bridge.ViaAssumeRole && expired:
		return bridge.CodeSTSCredentials
	case q.Via == bridge.ViaIssuer && expired:
		return bridge.CodeSTSClock
	case q.Via == bridge.ViaIssuer && code == bridge.CodeSTSClaimRejected:
		return bridge.CodeSTSInvalidProof
	case said == "ExpiredToken":
		return bridge.CodeSTSExpired
	}
	return code
}

// remedy is the command that finds out what is wrong between the account and fedbridge, where something is.
func (q question) remedy(code bridge.Code) string {
	role := cmp.Or(q.Role.Account.Name, q.Role.Key.Account) + "/" + q.Role.Key.Name
	switch {
	case q.Role.Key.Name == "": // no role was asked for
	case code == bridge.CodeSTSRefused, code == bridge.CodeSTSInvalidProof:
		return "fedbridge trust check " + role
	case code == bridge.CodeSTSProviderDown:
		return "fedbridge trust check --live " + role
	}
	return ""
}

// translateSilence: no answer of STS's arrived, or none that could be read.
func translateSilence(status int, err, cause error) *failure {
	var slow net.Error
	switch {
	case errors.Is(err, errAnswerTooLong):
		return &failure{bridge.Fail(bridge.CodeSTSAnswer, cause), false}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		// Slow already: a second attempt would only make the person wait twice as long.
		return &failure{bridge.Fail(bridge.CodeSTSDown, cause), false}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &failure{bridge.Fail(bridge.CodeSTSDown, cause), true}
	case status == 0: // no connection, or one that broke
		return &failure{bridge.Fail(bridge.CodeSTSDown, cause), true}
	case status < 300:
		return &failure{bridge.Fail(bridge.CodeSTSAnswer, cause), false}
	case status == http.StatusTooManyRequests:
		return &failure{bridge.Fail(bridge.CodeSTSThrottled, cause), true}
	}
	// A redirect, or a refusal that is not in STS's form: something stands before STS.
	return &failure{bridge.Fail(bridge.CodeSTSDown, cause), status >= 500}
}

// contextFailure tells who gave up: the person, or the deadline.
func contextFailure(ctx context.Context, doing string) *bridge.Error {
	code := bridge.CodeSTSDown
	if errors.Is(ctx.Err(), context.Canceled) {
		code = bridge.CodeClientGone
	}
	return bridge.Fail(code, fmt.Errorf("%s: %w", doing, ctx.Err()))
}
