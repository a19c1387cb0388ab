package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"time"
)

// page serves the conference page: the files of web/dist, with index.html for "/" and "/r/{room}". Each file is held in
// memory with the hash of its content as ETag, so that browsers ask again but load only what changed.
type page struct {
	files map[string]pageFile // fixed after construction, by path without leading slash
}

type pageFile struct {
	content     []byte
	etag        string
	contentType string
}

// sdkFile is the SDK as one ES module.
const sdkFile = "sdk.js"

// pageTypes are the content types of our files; what the machine's own table says differs from one to the next.
var pageTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".json": "application/json",
	".map": "application/json", ".webmanifest": "application/manifest+json", ".woff2": "font/woff2",
}

func newPage(files fs.FS) (*page, error) {
	p := &page{files: map[string]pageFile{}}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		p.files[name] = pageFile{content: content, etag: `"` + hex.EncodeToString(sum[:12]) + `"`, contentType: typeOf(name)}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	if _, ok := p.files["index.html"]; !ok {
		return nil, fmt.Errorf("read the page: %w: index.html", fs.ErrNotExist)
	}
	return p, nil
}

func typeOf(name string) string {
	if t, ok := pageTypes[path.Ext(name)]; ok {
		return t
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// index answers with the page itself.
func (p *page) index(w http.ResponseWriter, r *http.Request) { p.serve(w, r, "index.html") }

// file answers with the file that the path names.
func (p *page) file(w http.ResponseWriter, r *http.Request) { p.serve(w, r, r.URL.Path[1:]) }

func (p *page) serve(w http.ResponseWriter, r *http.Request, name string) {
	f, ok := p.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "this is a file: use GET", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", f.contentType)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", f.etag)
	if name == sdkFile {
		w.Header().Set("Access-Control-Allow-Origin", "*") // pages elsewhere import it as a module
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(f.content))
}
