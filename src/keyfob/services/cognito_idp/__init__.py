"""Amazon Cognito user pools: people, their passwords, and the tokens they sign in for."""
