package bundle

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// ErrBuild says that esbuild refused the sources; the text names file and line.
var ErrBuild = errors.New("build of the web files failed")

// Files are built files by their path in the output folder, with slashes.
type Files map[string][]byte

// browsers are the oldest ones whose language the output speaks.
var browsers = []api.Engine{
	{Name: api.EngineChrome, Version: "111"},
	{Name: api.EngineFirefox, Version: "113"},
	{Name: api.EngineSafari, Version: "16.4"},
}

// static are the files of web/app that are served as they are.
var static = []string{"index.html", "icon.svg"}

// Build makes all files of web/dist; root is the folder web.
func Build(root string) (Files, error) {
	out, err := run(api.BuildOptions{
		EntryPointsAdvanced: []api.EntryPoint{
			{InputPath: filepath.Join(root, "app", "main.ts"), OutputPath: "app"},
			{InputPath: filepath.Join(root, "app", "css", "main.css"), OutputPath: "app"},
			{InputPath: filepath.Join(root, "sdk", "src", "index.ts"), OutputPath: "sdk"},
		},
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		Engines:           browsers,
		LegalComments:     api.LegalCommentsNone,
	}, root)
	if err != nil {
		return nil, err
	}
	for _, name := range static {
		if out[name], err = os.ReadFile(filepath.Join(root, "app", name)); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrBuild, err)
		}
	}
	return out, nil
}

// Tests makes one file for each sdk/test/*.test.ts and app/test/*.test.ts, for `node --test`; root is the folder web.
func Tests(root string) (Files, error) {
	var entries []api.EntryPoint
	for _, part := range []string{"sdk", "app"} {
		found, err := fs.Glob(os.DirFS(root), part+"/test/*.test.ts")
		if err != nil {
			return nil, err
		}
		for _, name := range found {
			base := strings.TrimSuffix(filepath.Base(name), ".ts")
			entries = append(entries, api.EntryPoint{InputPath: filepath.Join(root, name), OutputPath: part + "." + base})
		}
	}
	return run(api.BuildOptions{
		EntryPointsAdvanced: entries,
		Platform:            api.PlatformNode,
		Target:              api.ES2022,
		OutExtension:        map[string]string{".js": ".mjs"},
		Loader:              map[string]api.Loader{".jsonl": api.LoaderText},
		Sourcemap:           api.SourceMapInline,
	}, root)
}

// run builds without writing. All names in the output are relative to root.
func run(o api.BuildOptions, root string) (Files, error) {
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	o.AbsWorkingDir = abs
	o.Outdir = filepath.Join(abs, "dist")
	for i := range o.EntryPointsAdvanced {
		if o.EntryPointsAdvanced[i].InputPath, err = filepath.Abs(o.EntryPointsAdvanced[i].InputPath); err != nil {
			return nil, err
		}
	}
	o.Bundle, o.Format, o.Charset, o.TsconfigRaw = true, api.FormatESModule, api.CharsetUTF8, `{}`
	result := api.Build(o)
	if len(result.Errors) > 0 {
		messages := api.FormatMessages(result.Errors, api.FormatMessagesOptions{})
		return nil, fmt.Errorf("%w:\n%s", ErrBuild, strings.Join(messages, "\n"))
	}
	files := Files{}
	for _, f := range result.OutputFiles {
		name, err := filepath.Rel(o.Outdir, f.Path)
		if err != nil {
			return nil, err
		}
		files[filepath.ToSlash(name)] = f.Contents
	}
	return files, nil
}
