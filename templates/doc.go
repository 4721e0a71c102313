// Package templates is everything that people see: the pages, the style sheet, the script and the icons, all embedded.
//
//	a page struct -> Set.Render -> a whole page in one write
//
// A handler fills one of the page structs ([SignIn], [Picker], [Role], [Credentials], [WhoAmI], [Error], …) and hands it to
// [Set.Render]. The fields are plain and ready to print: nothing is decided here but how it looks. Whether a role may be
// used, and why not, was decided in bridge; the text of a failure comes from its catalogue. All other words that people
// read stand in the html files.
//
// The pages keep a Content-Security-Policy without exceptions: no inline script, no inline style, no event attributes.
// Every page works without script; with it, times are local, the search filters at once, and secrets can be copied.
//
// What claims, names and configurations say is data (threat W12): it is escaped, isolated (<bdi>) so that it can't turn
// the text around it, and its control characters are made visible.
package templates
