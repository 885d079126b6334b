-- The same revenue, in cents, counted by sale, customer, product and day: all must be equal.
WITH lines AS (
    SELECT customer_id, product_name, transaction_date,
           CAST(round(quantity * price * 100) AS bigint) AS cents
    FROM sales
)
SELECT 'sales' AS counted_by, sum(cents) AS cents FROM lines
UNION ALL
SELECT 'customers', sum(cents) FROM (SELECT customer_id, sum(cents) AS cents FROM lines GROUP BY customer_id) AS a
UNION ALL
SELECT 'products', sum(cents) FROM (SELECT product_name, sum(cents) AS cents FROM lines GROUP BY product_name) AS b
UNION ALL
SELECT 'days', sum(cents) FROM (SELECT transaction_date, sum(cents) AS cents FROM lines GROUP BY transaction_date) AS d
