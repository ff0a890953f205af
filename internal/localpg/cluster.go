package localpg

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ErrInUse means that another process holds the cluster.
var ErrInUse = errors.New("is in use by another process")

// lockDir makes the cluster's folder and takes its lock, which the kernel drops
// when this process ends, however it ends.
func lockDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the cluster's folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the cluster's lock: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrInUse
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cluster %s: %w", dir, err), f.Close())
	}
	return f, nil
}

// cluster is the folder on disk together with what runs it.
type cluster struct {
	dir      string
	bin      binaries
	user     *syscall.Credential // nil: this process's own user
	password string
}

func (c *cluster) data() string         { return filepath.Join(c.dir, "data") }
func (c *cluster) passwordFile() string { return filepath.Join(c.dir, "password") }
func (c *cluster) pidFile() string      { return filepath.Join(c.data(), "postmaster.pid") }
func (c *cluster) log() string          { return filepath.Join(c.dir, "postgres.log") }

// name is what the server's processes carry in their titles, so that they can be
// told from those of other clusters; it is empty while there is no cluster. The
// folder's inode serves: it is unique on the machine and outlives a renaming.
func (c *cluster) name() string {
	info, err := os.Stat(c.data())
	if err != nil {
		return ""
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf("godwit(%d-%d)", stat.Dev, stat.Ino)
}

func openCluster(ctx context.Context, dir string) (*cluster, error) {
	c := &cluster{dir: dir}
	madeBy, err := os.ReadFile(filepath.Join(c.data(), "PG_VERSION"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the cluster's version: %w", err)
	}
	if c.bin, err = findBinaries(ctx, firstNumber(string(madeBy))); err != nil {
		return nil, err
	}
	if c.user, err = serverUser(c.data()); err != nil {
		return nil, err
	}
	c.password, err = c.keepPassword()
	return c, err
}

// keepPassword reads the password, or makes one up at the first start.
func (c *cluster) keepPassword() (string, error) {
	kept, err := os.ReadFile(c.passwordFile())
	if err == nil && len(kept) > 0 {
		return strings.TrimSpace(string(kept)), c.own(c.passwordFile())
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the cluster's password: %w", err)
	}
	password := rand.Text()
	if err := os.WriteFile(c.passwordFile(), []byte(password+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep the cluster's password: %w", err)
	}
	// initdb reads the file as the server's user.
	return password, c.own(c.passwordFile())
}

// create runs initdb unless there is a cluster. The new one gets its name when
// it is complete: what a killed initdb left is swept away and made again.
func (c *cluster) create(ctx context.Context) error {
	c.sweep()
	switch _, err := os.Stat(c.data()); {
	case err == nil:
		return c.own(c.data())
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("look for the cluster: %w", err)
	}
	fresh, err := os.MkdirTemp(c.dir, unfinished)
	if err != nil {
		return fmt.Errorf("make the new cluster's folder: %w", err)
	}
	if err := c.own(fresh); err != nil {
		return err
	}
	if err := c.initdb(ctx, fresh); err != nil {
		return errors.Join(fmt.Errorf("create the cluster: %w", err), os.RemoveAll(fresh))
	}
	if err := os.Rename(fresh, c.data()); err != nil {
		return fmt.Errorf("put the new cluster in place: %w", err)
	}
	return syncDir(c.dir)
}

// unfinished names the folders that initdb is at work in.
const unfinished = "initdb-"

func (c *cluster) sweep() {
	old, err := filepath.Glob(filepath.Join(c.dir, unfinished+"*"))
	if err != nil {
		return
	}
	for _, dir := range old {
		_ = os.RemoveAll(dir) // when its initdb is just ending, the next start removes the rest
	}
}

func (c *cluster) initdb(ctx context.Context, dir string) error {
	cmd := c.command("initdb", "--username="+superuser, "--auth=scram-sha-256", "--encoding=UTF8",
		"--locale=C", "--data-checksums", "--no-instructions")
	defer cmd.closeFiles()
	if err := cmd.passPath("--pgdata=", dir); err != nil {
		return err
	}
	if err := cmd.passPath("--pwfile=", c.passwordFile()); err != nil {
		return err
	}
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	initdb, err := spawn(cmd)
	if err != nil {
		return err
	}
	select {
	case <-initdb.exited:
	case <-ctx.Done():
		initdb.signal(syscall.SIGKILL)
		<-initdb.exited
		return ctx.Err()
	}
	if initdb.err != nil {
		return fmt.Errorf("initdb: %w: %s", initdb.err, lastWords(output.String()))
	}
	return nil
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}
