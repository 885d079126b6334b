-- Revenue by state and city.
SELECT c.state, c.city,
       count(DISTINCT c.customer_id) AS customers,
       count(*) AS purchases,
       round(sum(s.quantity * s.price), 2) AS revenue,
       round(sum(s.quantity * s.price) / count(DISTINCT c.customer_id), 2) AS revenue_per_customer
FROM sales AS s
JOIN customers AS c USING (customer_id)
GROUP BY c.state, c.city
ORDER BY revenue DESC, c.city
