<?php
// What is done to a WordPress site from behind: php wordpress_site.php WWW ACTION, JSON in and out.
$_SERVER['HTTP_HOST'] = '127.0.0.1';
// A constant: WordPress forgets whatever is called $action.
define('TO_DO', $argv[2]);
if (TO_DO === 'install') {
    define('WP_INSTALLING', true);
}
require "$argv[1]/wp-load.php";
add_filter('pre_wp_mail', '__return_true');
$given = json_decode(stream_get_contents(STDIN), true) ?: [];

function user(string $name, string $role): array
{
    $user = get_user_by('login', $name);
    $id = $user ? $user->ID : wp_insert_user([
        'user_login' => $name, 'user_pass' => 'the-password-of-a-person', 'user_email' => "$name@bottegablu.example",
        'display_name' => $name, 'role' => $role,
    ]);
    [$password] = WP_Application_Passwords::create_new_application_password($id, ['name' => 'caretool ' . microtime()]);
    return ['id' => $id, 'password' => $password];
}

switch (TO_DO) {
    case 'install':
        require_once ABSPATH . 'wp-admin/includes/upgrade.php';
        wp_install('Bottega Blu', 'admin', 'admin@bottegablu.example', true, '', 'the-password-of-a-person');
        break;
    case 'prepare':
        foreach (['comments_notify', 'moderation_notify', 'comment_moderation'] as $option) {
            update_option($option, 0);
        }
        update_option('timezone_string', 'Europe/Rome');
        update_option('permalink_structure', '/%postname%/');
        flush_rewrite_rules();
        echo json_encode(['version' => $wp_version, 'desk' => user('desk', 'editor'), 'writer' => user('writer', 'author')]);
        break;
    case 'empty':
        foreach (['comments', 'commentmeta'] as $table) {
            $wpdb->query("TRUNCATE {$wpdb->$table}");
        }
        wp_cache_flush();
        echo json_encode(wp_insert_post([
            'post_title' => 'Le console sono in negozio', 'post_content' => 'Da oggi.', 'post_status' => 'publish',
            'post_author' => 1, 'comment_status' => 'open', 'post_date_gmt' => $given['at'],
            'post_date' => get_date_from_gmt($given['at']),
        ]));
        break;
    case 'comments':
        echo json_encode(array_map(fn ($one) => wp_insert_comment(wp_slash($one + [
            'comment_date' => get_date_from_gmt($one['comment_date_gmt']), 'comment_approved' => 1,
        ])), $given));
        break;
    case 'option':
        update_option($given[0], $given[1]);
        flush_rewrite_rules();
        break;
}
