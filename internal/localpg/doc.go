// Package localpg runs a private Postgres cluster as a child of this process,
// for the standalone and for the test suite.
//
// The cluster lives in one folder:
//
//	data/         the cluster itself, owned by the user that Postgres runs as
//	password      of the superuser "godwit", generated once
//	postgres.log  of this run; postgres.log.1 is the run before
//	lock          held while a process has the cluster
//
// It promises that
//
//   - the server listens on 127.0.0.1 alone, on a port picked at each start,
//     and lets nobody in without the password;
//   - what was committed is on disk: fsync and synchronous_commit stay on,
//     pages carry checksums;
//   - the server does not outlive this process (on Linux even after kill -9),
//     and one that is left over all the same is stopped before a new start;
//   - it works as root, where Postgres itself refuses to run: the server then
//     runs as an unprivileged user, which need not be able to reach the folder
//     by its path.
//
// Postgres 14 or newer has to be installed; it need not be set up. The package
// builds on Unix alone and imports nothing of the project.
package localpg
