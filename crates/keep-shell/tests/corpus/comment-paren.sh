$(echo # )
)