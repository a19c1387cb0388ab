package web

import (
	"embed"
	"io/fs"
)

//go:generate go run ./build

//go:embed dist
var dist embed.FS

// Dist returns the files of the page: index.html, app.js, app.css, sdk.js and the icons.
func Dist() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is a constant that embed has checked
	}
	return files
}
