package localpg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// serverUser says as whom Postgres has to run; nil means as this process. Root
// is refused by Postgres, so root hands over to the user that a cluster in data
// belongs to, or else to the usual unprivileged ones.
func serverUser(data string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	if owner := ownerOf(data); owner != nil && owner.Uid != 0 {
		return owner, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			return credential(u)
		}
	}
	return nil, errors.New("postgres does not run as root, and there is neither a user postgres nor a user nobody to run it as")
}

func ownerOf(path string) *syscall.Credential {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return &syscall.Credential{Uid: stat.Uid, Gid: stat.Gid}
}

func credential(u *user.User) (*syscall.Credential, error) {
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("read the id of user %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("read the group of user %s: %w", u.Username, err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// own gives path, and all below it, to the server's user unless it is theirs.
func (c *cluster) own(path string) error {
	if c.user == nil {
		return nil
	}
	if owner := ownerOf(path); owner != nil && owner.Uid == c.user.Uid {
		return nil
	}
	err := filepath.WalkDir(path, func(entry string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(entry, int(c.user.Uid), int(c.user.Gid))
	})
	if err != nil {
		return fmt.Errorf("hand %s over to the server's user: %w", path, err)
	}
	return nil
}
