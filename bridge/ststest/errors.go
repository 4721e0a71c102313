package ststest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// apiError is an answer of STS that is no success (aws-facts 1.14).
type apiError struct {
	status  int
	code    string
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

func asAPIError(err error) *apiError {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e
	}
	return serverError(http.StatusInternalServerError)
}

func serverError(status int) *apiError {
	if status == http.StatusServiceUnavailable {
		return &apiError{status, "ServiceUnavailable", "The request has failed due to a temporary failure of the server."}
	}
	return &apiError{status, "InternalFailure", "The request processing has failed because of an unknown error, exception or failure."}
}

func errThrottling() *apiError {
	return &apiError{http.StatusBadRequest, "Throttling", "Rate exceeded"}
}

func errInvalidAction(action, version string) *apiError {
	return &apiError{http.StatusBadRequest, "InvalidAction", fmt.Sprintf("Could not find operation %s for version %s", action, version)}
}

func errMalformedInput(message string) *apiError {
	return &apiError{http.StatusBadRequest, "MalformedInput", message}
}

func errValidation(message string) *apiError {
	return &apiError{http.StatusBadRequest, "ValidationError", message}
}

func errIdentityToken(message string) *apiError {
	return &apiError{http.StatusBadRequest, "InvalidIdentityToken", message}
}

func errExpiredProof(message string) *apiError {
	return &apiError{http.StatusBadRequest, "ExpiredTokenException", message}
}

func errMalformedPolicy(message string) *apiError {
	return &apiError{http.StatusBadRequest, "MalformedPolicyDocument", message}
}

func errPacked(percent int) *apiError {
	return &apiError{http.StatusBadRequest, "PackedPolicyTooLarge",
		fmt.Sprintf("Packed policy consumes %d%% of allotted space, please use smaller policy.", percent)}
}

func errRegionDisabled(account string) *apiError {
	return &apiError{http.StatusForbidden, "RegionDisabledException",
		"STS is not activated in this region for account:" + account + ". Your account administrator can activate STS in this region using the IAM Console."}
}

func errIDPCommunication(cause string) *apiError {
	return &apiError{http.StatusBadRequest, "IDPCommunicationError", "Couldn't reach the identity provider: " + cause}
}

func errIDPRejected(message string) *apiError {
	return &apiError{http.StatusForbidden, "IDPRejectedClaim", message}
}

// errUnsignedDenied says nothing about what failed: a missing role and a refusing one look the same.
func errUnsignedDenied(action string) *apiError {
	return &apiError{http.StatusForbidden, "AccessDenied", "Not authorized to perform sts:" + action}
}

func errDenied(caller, action, roleARN string) *apiError {
	return &apiError{http.StatusForbidden, "AccessDenied",
		"User: " + caller + " is not authorized to perform: " + action + " on resource: " + roleARN}
}

const signatureAdvice = "The request signature we calculated does not match the signature you provided. " +
	"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

func errMissingToken() *apiError {
	return &apiError{http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token"}
}

func errClientToken() *apiError {
	return &apiError{http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid."}
}

func errExpiredToken() *apiError {
	return &apiError{http.StatusForbidden, "ExpiredToken", "The security token included in the request is expired"}
}

func errSignature(message string) *apiError {
	return &apiError{http.StatusForbidden, "SignatureDoesNotMatch", message}
}

func errRequestExpired() *apiError {
	return &apiError{http.StatusBadRequest, "RequestExpired", "Request has expired."}
}

func errIncomplete(message ...string) *apiError {
	return &apiError{http.StatusBadRequest, "IncompleteSignature", strings.Join(message, " ")}
}
