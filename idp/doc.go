// Package idp says what an identity provider is to fedbridge: something that can be asked to sign a browser's user in
// (Begin), and whose answer can be verified (Finish). One folder below holds one kind (oidc, saml).
//
// A browser can only be redirected or handed a form, so one interface serves both protocols. Everything that must be
// remembered between question and answer is one value, Login; it is stored once and taken once. What one kind can do
// and another can't is a small interface of its own (MetadataPublisher, Refresher, UnsolicitedFinisher), never a method
// that answers "not implemented".
package idp
