// Package config reads Godwit's settings from the environment into one struct.
//
// Every setting is a GODWIT_* variable; a variable that is not known and a
// value that does not parse are errors that name the variable, so that a typo
// never runs with a default in silence. The package reads nothing else and
// imports no other package of the project.
package config
