"""The explorer: a page in which inputs are moved and the predicted field is seen.

The page is one HTML file with the surrogate inside, which the browser runs. It makes no request.
"""
