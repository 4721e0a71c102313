// Package awsconsole makes links that sign a browser in to the AWS console: it is the bridge's ConsoleLinker. For roles
// whose console the browser opens by a POST of its own, it says where to.
//
//	Credentials -> POST getSigninToken at the partition's sign-in host -> login URL with Destination and Issuer
//	Role -> SAML endpoint of the sign-in host, and the Destination as RelayState
//
// The token is asked for by POST, because in a URL the credentials would lie in the logs of everything on the way. The
// login URL is as good as a password for fifteen minutes and therefore a bridge.Secret.
//
// SessionDuration is never sent. STS was asked for the wanted length, and without the parameter the console session ends
// with the credentials; it would be needed only for more than the role's maximum, which fedbridge doesn't give, and AWS
// refuses it for chained credentials.
//
// What it refuses to do: link to anything but a console page of the role's own partition, follow a redirect, let an
// answer of AWS into an error or a log.
package awsconsole
