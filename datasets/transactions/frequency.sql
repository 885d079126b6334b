-- Frequency encoding: how often a category occurs, as count and as share; calendar features.
SELECT l.user_id, l.transaction_date, l.category,
       c.n AS category_count,
       CAST(c.n AS double) / (SELECT count(*) FROM log) AS category_share,
       extract(year FROM l.transaction_date) AS year,
       extract(month FROM l.transaction_date) AS month,
       extract(quarter FROM l.transaction_date) AS quarter,
       l.transaction_date - DATE '2023-01-01' AS day
FROM log AS l
JOIN (SELECT category, count(*) AS n FROM log GROUP BY category) AS c ON c.category = l.category
WHERE l.transaction_date < DATE '2023-02-01'
ORDER BY l.transaction_date, l.user_id, l.category, l.amount
