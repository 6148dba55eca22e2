-- Removes the dead carts; their space stays in the files, and the indexes stay as large as they grew.
vacuum carts
