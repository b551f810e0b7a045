-- Things to sell.
CREATE TABLE shop.items (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  seller_id INTEGER REFERENCES sellers (id)
);

CREATE VIEW cheap_items AS
SELECT i.name, s.name FROM shop.items i JOIN sellers s ON s.id = i.seller_id WHERE i.price < 3;

CREATE OR REPLACE FUNCTION total_price(seller INTEGER) RETURNS INTEGER AS $$
  SELECT sum(price) FROM items WHERE seller_id = seller;
$$ LANGUAGE sql;

CREATE UNIQUE INDEX items_by_name ON items (name);
CREATE TYPE level AS ENUM ('low', 'high');
CREATE TRIGGER on_sale AFTER INSERT ON items FOR EACH ROW EXECUTE FUNCTION note_sale();
ALTER TABLE items ADD COLUMN weight INTEGER;
INSERT INTO items (id, name) VALUES (1, upper('x'));
UPDATE sellers SET name = 'y' WHERE id = total_price(2);
DELETE FROM cheap_items;
