-- What each customer spends: totals, averages, first and last purchase, a segment by spending.
SELECT c.customer_id, c.customer_name, c.state,
       count(s.transaction_id) AS purchases,
       coalesce(sum(s.quantity), 0) AS units,
       round(coalesce(sum(s.quantity * s.price), 0), 2) AS spent,
       round(avg(s.quantity * s.price), 2) AS average_purchase,
       min(s.transaction_date) AS first_purchase,
       max(s.transaction_date) AS last_purchase,
       count(DISTINCT s.category) AS categories,
       DATE '2024-02-01' - max(s.transaction_date) AS recency_days,
       min(s.transaction_date) - c.registration_date AS days_to_first_purchase,
       CASE WHEN sum(s.quantity * s.price) >= 1000 THEN 'high'
            WHEN sum(s.quantity * s.price) >= 300 THEN 'medium'
            ELSE 'low' END AS segment,
       rank() OVER (ORDER BY sum(s.quantity * s.price) DESC) AS spending_rank
FROM customers AS c
LEFT JOIN sales AS s ON s.customer_id = c.customer_id
GROUP BY c.customer_id, c.customer_name, c.state, c.registration_date
ORDER BY spent DESC, c.customer_id
