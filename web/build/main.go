package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	signalingv1 "github.com/heliograph/heliograph/api/signaling/v1"
	"github.com/heliograph/heliograph/web/internal/bundle"
	"github.com/heliograph/heliograph/web/internal/tsgen"
)

func main() {
	tests := flag.String("tests", "", "write the tests to this `folder` instead of building dist")
	flag.Parse()
	if err := run(*tests); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(tests string) error {
	if tests != "" {
		files, err := bundle.Tests(".")
		if err != nil {
			return err
		}
		return write(tests, files)
	}
	types, err := tsgen.Generate(signalingv1.Schemas)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join("sdk", "src", "protocol.ts"), []byte(types), 0o644); err != nil {
		return err
	}
	files, err := bundle.Build(".")
	if err != nil {
		return err
	}
	return write("dist", files)
}

// write replaces the folder by the files.
func write(dir string, files bundle.Files) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
