// A certified OpenID provider on loopback, whose people carry the claims of Google and of Microsoft.
// node provider.mjs MODULES PORT CLIENT SECRET TENANT REDIRECT…
const [modules, port, client, secret, tenant, ...redirects] = process.argv.slice(2);
const {default: Provider} = await import(`${modules}/oidc-provider/lib/index.js`);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: client,
    client_secret: secret,
    redirect_uris: redirects,
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_post',
  }],
  pkce: {required: () => true},
  claims: {openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'hd', 'tid', 'oid', 'preferred_username']},
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({
    accountId: id,
    async claims() {
      const email = `${id}@maple.example`;
      return {sub: id, email, email_verified: true, name: id, hd: 'maple.example', tid: tenant, oid: `oid-${id}`, preferred_username: email};
    },
  }),
  features: {devInteractions: {enabled: true}},
  cookies: {keys: ['for these tests alone']},
});
// It has no page on which to choose among accounts.
provider.use(async (context, next) => {
  const {prompt, ...rest} = context.query;
  if (prompt === 'select_account') context.query = rest;
  await next();
});
provider.listen(Number(port), '127.0.0.1', () => console.log('listening'));
