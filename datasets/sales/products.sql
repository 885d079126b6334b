-- Revenue of each product, its share of the category and of everything, its place in the category.
SELECT category, product_name,
       sum(quantity) AS units,
       round(sum(quantity * price), 2) AS revenue,
       round(sum(quantity * price) / sum(sum(quantity * price)) OVER (PARTITION BY category), 4)
           AS share_of_category,
       round(sum(quantity * price) / sum(sum(quantity * price)) OVER (), 4) AS share_of_all,
       row_number() OVER (PARTITION BY category
                          ORDER BY sum(quantity * price) DESC, product_name) AS place
FROM sales
GROUP BY category, product_name
ORDER BY category, place
