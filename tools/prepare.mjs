// Filled in when the command line exists: builds and bundles `ottla` after npm install.
