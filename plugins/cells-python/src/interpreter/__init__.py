"""The interpreter of cells: it runs, shows, completes and explains Python, and knows no tensor."""
