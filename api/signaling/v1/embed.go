package signalingv1

import "embed"

// Schemas are the files *.json of this folder; their $id is Base followed by the file's name.
//
//go:embed *.json
var Schemas embed.FS

// Base is the prefix of each schema's $id.
const Base = "https://github.com/heliograph/heliograph/api/signaling/v1/"
