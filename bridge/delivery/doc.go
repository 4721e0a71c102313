// Package delivery writes credentials in the form that a shell, a file, a tool or an SDK wants.
//
//	Credentials -> values checked -> one of a few formats, with a safe file name
//
// Values are checked against the alphabet that AWS uses and refused outside it, so that no shell ever sees one that it
// could read otherwise; they are quoted correctly all the same.
//
// What it refuses to do: write a value that it can't be sure of, put a name that came from a claim into a path, a header
// or a script, write a file itself.
package delivery
